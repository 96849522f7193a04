"""Whatever a policy asks for, what comes out may be sent."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clam_robot import config
from clam_robot.control.safety import SafetyConfig, SafetyLimiter, limit_bounds, limit_change, refusal
from clam_robot.errors import ConfigError, InvalidSpec
from clam_robot.specs import RobotSpec, VectorSpec

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

LOW, HIGH = (-1.0, -0.1, -math.inf), (1.0, 2.0, math.inf)
MAX_CHANGE = (0.5, 0.1, 3.0)


def arm(low: tuple[float, ...] = LOW, high: tuple[float, ...] = HIGH) -> RobotSpec:
    vector = VectorSpec(names=("a", "b", "c"), units=("m", "rad", "1"), low=low, high=high)
    return RobotSpec(name="arm", state=vector, action=vector, control_hz=5.0)


def ask(limiter: SafetyLimiter, *values: float) -> tuple[list[float] | None, tuple[str, ...]]:
    limited = limiter.limit(np.array(values, np.float32))
    return (None if limited.action is None else [float(x) for x in limited.action]), limited.reasons


WILD = st.sampled_from([0.0, -0.0, 1e-45, -1e-310, 3.4e38, -3.4e38, 3.5e38, 1e300, -1e300, np.nan, np.inf, -np.inf])
NUMBERS = st.one_of(st.floats(-3.0, 3.0), st.floats(), WILD)
REQUESTS = st.one_of(
    hnp.arrays(np.float64, 3, elements=st.floats(-3.0, 3.0)),
    hnp.arrays(np.float64, 3, elements=NUMBERS),
    hnp.arrays(np.float32, 3, elements=st.floats(width=32)),
    hnp.arrays(st.sampled_from([np.int8, np.int64, np.uint64, np.bool_, np.float16]), 3),
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)),
    st.sampled_from([None, np.zeros(3, complex), np.array(["1", "2", "3"]), np.array([1, None, {}], object)]),
)


@settings(relaxed, max_examples=100)
@given(
    requests=st.lists(REQUESTS, min_size=1, max_size=10),
    max_change=st.sampled_from([None, MAX_CHANGE, (1e-6, 1e30, math.inf), (3e38, 3e38, 3e38)]),
    bounds=st.sampled_from([(LOW, HIGH), ((0.1, -3e38, 0.0), (0.1, 3e38, 0.0))]),
)
def test_what_comes_out_is_nothing_or_finite_within_bounds_and_near_the_one_before(
    requests: list[np.ndarray | None],
    max_change: tuple[float, ...] | None,
    bounds: tuple[tuple[float, ...], tuple[float, ...]],
) -> None:
    spec = arm(*bounds)
    limiter = SafetyLimiter(spec, SafetyConfig(max_change=max_change))
    previous: np.ndarray | None = None
    for requested in requests:
        kept = None if requested is None else requested.copy()
        limited = limiter.limit(requested)
        if kept is not None and kept.dtype.kind == "f":
            np.testing.assert_array_equal(requested, kept)
        if limited.action is None:
            assert limited.reasons in [("no_action",), ("wrong_shape",), ("not_finite",)]
            continue
        spec.action.validate(limited.action)
        assert limited.action.dtype == np.float32
        assert set(limited.reasons) <= {"bounds", "change"}
        if previous is not None and max_change is not None:
            rounding = np.spacing(np.maximum(np.abs(previous), np.abs(limited.action))).astype(np.float64)
            change = np.abs(limited.action.astype(np.float64) - previous.astype(np.float64))
            assert (change <= np.asarray(max_change, np.float32).astype(np.float64) + rounding).all()
        previous = limited.action.copy()
        limited.action[:] = np.nan  # what a robot does to its copy is no business of the limiter


def test_a_long_hostile_run_never_jumps_and_never_leaves_the_bounds() -> None:
    rng = np.random.default_rng(0)
    spec = arm()
    limiter = SafetyLimiter(spec, SafetyConfig(max_change=MAX_CHANGE))
    previous: np.ndarray | None = None
    num_sent = 0
    for _ in range(1000):
        requested = rng.choice([1.0, 10.0, 1e4]) * rng.standard_normal(3)
        requested[rng.random(3) < 0.02] = rng.choice([np.nan, np.inf, -np.inf, 1e300, -1e39])
        limited = limiter.limit(requested)
        assert (limited.action is None) == (not (np.abs(requested) < 3e38).all())
        if limited.action is not None:
            num_sent += 1
            spec.action.validate(limited.action)
            if previous is not None:
                assert (np.abs(limited.action - previous) <= np.array(MAX_CHANGE, np.float32) * 1.001).all()
            previous = limited.action
    assert num_sent > 800


@relaxed
@given(hnp.arrays(np.float32, (2, 3), elements=st.floats(-0.09375, 0.9375, width=32)))
def test_a_calm_legal_request_passes_unchanged(requests: np.ndarray) -> None:
    limiter = SafetyLimiter(arm(), SafetyConfig(max_change=(2.0, 2.0, 2.0)))
    for requested in requests:
        limited = limiter.limit(requested)
        assert limited.reasons == ()
        np.testing.assert_array_equal(limited.action, requested)


def test_an_action_out_of_bounds_goes_to_the_nearest_bound_and_says_so() -> None:
    assert ask(SafetyLimiter(arm()), 5.0, -5.0, 7.0) == ([1.0, pytest.approx(-0.1), 7.0], ("bounds",))


def test_a_jump_is_cut_to_the_largest_change_and_reached_in_steps() -> None:
    limiter = SafetyLimiter(arm(), SafetyConfig(max_change=(0.5, 2.0, 4.0)))
    assert ask(limiter, -1.0, 0.0, 0.0) == ([-1.0, 0.0, 0.0], ())
    assert ask(limiter, 1.0, 0.0, 5.0) == ([-0.5, 0.0, 4.0], ("change",))
    assert ask(limiter, 3.0, 0.0, 5.0) == ([0.0, 0.0, 5.0], ("bounds", "change"))
    assert ask(limiter, 0.5, 0.0, 5.0) == ([0.5, 0.0, 5.0], ())


def test_refused_requests_in_between_do_not_lift_the_limit_on_change() -> None:
    limiter = SafetyLimiter(arm(), SafetyConfig(max_change=(0.5, 0.5, 0.5)))
    ask(limiter, -1.0, 0.0, 0.0)
    assert ask(limiter, math.nan, 0.0, 0.0) == (None, ("not_finite",))
    assert limiter.limit(None).reasons == ("no_action",)
    assert ask(limiter, 1.0, 0.0, 0.0) == ([-0.5, 0.0, 0.0], ("change",))


def test_reset_lets_the_first_action_be_anywhere_within_bounds() -> None:
    limiter = SafetyLimiter(arm(), SafetyConfig(max_change=(0.5, 0.5, 0.5)))
    assert ask(limiter, -1.0, 0.0, 0.0) == ([-1.0, 0.0, 0.0], ())
    limiter.reset()
    assert ask(limiter, 1.0, 0.0, 0.0) == ([1.0, 0.0, 0.0], ())


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (None, "no_action"),
        (np.zeros(2), "wrong_shape"),
        (np.zeros((1, 3)), "wrong_shape"),
        (np.full(2, np.nan), "wrong_shape"),
        (np.array([0.0, np.nan, 0.0]), "not_finite"),
        (np.array([0.0, 1e300, 0.0]), "not_finite"),
        (np.array(["0", "0", "0"]), "not_finite"),
        (np.zeros(3), None),
        (np.zeros(3, np.int8), None),
    ],
)
def test_a_request_that_cannot_be_sent_is_refused_with_its_reason(
    action: np.ndarray | None, reason: str | None
) -> None:
    assert refusal(action, 3) == reason


@pytest.mark.parametrize(
    "max_change", [(1.0, 1.0), (1.0, 1.0, 0.0), (1.0, -1.0, 1.0), (1.0, 1.0, math.nan), (1.0, 1e-60, 1.0), ()]
)
def test_a_largest_change_that_does_not_fit_the_action_is_refused(max_change: tuple[float, ...]) -> None:
    with pytest.raises(InvalidSpec, match=r"max_change: expected 3 positive numbers \[a, b, c\], found"):
        SafetyLimiter(arm(), SafetyConfig(max_change=max_change))


def test_a_misspelt_limit_is_an_error_and_not_no_limit() -> None:
    with pytest.raises(ConfigError, match="unknown key 'max_chnage'"):
        config.from_dict(SafetyConfig, {"max_chnage": [1.0]}, source="safety.toml")


def test_the_rules_are_pure_functions() -> None:
    action = np.array([2.0, 0.0], np.float32)
    previous, one = np.zeros(2, np.float32), np.ones(2, np.float32)
    np.testing.assert_array_equal(limit_bounds(action, -one, one), [1.0, 0.0])
    np.testing.assert_array_equal(limit_change(action, previous, one), [1.0, 0.0])
    np.testing.assert_array_equal(action, [2.0, 0.0])
    np.testing.assert_array_equal(previous, [0.0, 0.0])
