"""What the models see of a state: points, relations, one scale per unit, and nothing that explodes."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from clam_robot.errors import ConfigError
from clam_robot.models.features import FeatureConfig, StateFeatures
from clam_robot.specs import RobotSpec

MakeStates = Callable[..., Tensor]
MakeFeatures = Callable[..., StateFeatures]
MakeSpec = Callable[[list[tuple[str, str]]], RobotSpec]

relaxed = settings(deadline=None)

RELATIONS = (("hand", "object"), ("hand", "goal"), ("object", "goal"))


def windows(states: Tensor, config: FeatureConfig) -> Tensor:
    """Every window of successive rows, (N, W, S)."""
    return states.unfold(0, config.past + 1 + config.future, 1).movedim(-1, -2)


def changes(features: StateFeatures, before: Tensor, after: Tensor) -> Tensor:
    """Of one step, as a policy with a history sees it."""
    return features.history(torch.stack([before, after], dim=-2))[..., features.layout.num_present :]


def metres(spec: RobotSpec) -> Tensor:
    return torch.tensor([unit == "m" for unit in spec.state.units])


@relaxed
@given(
    past=st.integers(0, 3),
    future=st.integers(1, 3),
    points=st.lists(st.sampled_from(["hand", "cup", "prev_hand", "goal"]), unique=True),
    others=st.lists(st.sampled_from(["gripper", "prev_gripper", "joint", "gripper_left"]), unique=True),
)
def test_declared_sizes_are_the_sizes_produced(
    make_spec: MakeSpec, past: int, future: int, points: list[str], others: list[str]
) -> None:
    entries = [(f"{point}_{axis}", "m") for point in points for axis in "xyz"] + [(name, "1") for name in others]
    spec = make_spec([*entries, ("elbow", "rad")])
    features = StateFeatures(spec, FeatureConfig(past=past, future=future))
    states = torch.randn(4, past + 1 + future, len(spec.state))
    features.fit(states[:, 0], states[:, 1] - states[:, 0])
    assert features.present(states[:, past]).shape == (4, features.layout.num_present)
    assert features.context(states).shape == (4, features.layout.num_context)
    assert changes(features, states[:, past], states[:, past + 1]).shape == (4, features.layout.num_change)
    assert features.history(states[:, : past + 1]).shape == (4, features.layout.num_history(past))


def test_present_ends_with_how_every_two_points_stand_to_each_other(
    spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures
) -> None:
    states = make_states(50)
    features = make_features(states)
    found = features.present(states)[:, len(spec.state) :].unflatten(-1, (len(RELATIONS), 3))
    for i, (a, b) in enumerate(RELATIONS):
        difference = states[:, spec.state.points[b]] - states[:, spec.state.points[a]]
        scale = difference[:-1].square().mean().sqrt()
        torch.testing.assert_close(found[:, i], difference / scale)


def test_entries_are_standardised(spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures) -> None:
    states = make_states(200) * 3 + 5
    present = make_features(states).present(states[:-1])
    for name in ("hand_x", "gripper_opening", "object_tilt", "goal_z"):
        entry = present[:, spec.state.index(name)]
        assert entry.mean().item() == pytest.approx(0, abs=1e-5)
        assert entry.std().item() == pytest.approx(1, rel=1e-4)


def test_prev_entries_leave_no_trace(spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures) -> None:
    states = make_states(50)
    features = make_features(states)
    other = states.clone()
    previous = [i for i, name in enumerate(spec.state.names) if name.startswith("prev_")]
    assert len(previous) == 4
    other[:, previous] = torch.randn(50, 4) * 1e3
    assert torch.equal(features.present(other), features.present(states))
    assert torch.equal(changes(features, other[:-1], other[1:]), changes(features, states[:-1], states[1:]))
    config = features.config
    assert torch.equal(features.context(windows(other, config)), features.context(windows(states, config)))


def test_an_entry_that_was_constant_stays_zero_whatever_it_becomes(
    spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures
) -> None:
    states = make_states(50)
    states[:, spec.state.index("gripper_opening")] = 1.0
    features = make_features(states)
    other = states.clone()
    for name in ("table_height", "gripper_opening"):
        other[::2, spec.state.index(name)] = 1e6
    assert torch.equal(features.present(other), features.present(states))
    config = features.config
    assert torch.equal(features.context(windows(other, config)), features.context(windows(states, config)))


def test_an_entry_that_hardly_moved_is_not_blown_up(
    spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures
) -> None:
    states = make_states(200)
    features = make_features(states)
    height = spec.state.index("object_z")
    moved = states[:1].clone()
    moved[0, height] += 0.1
    difference = (features.present(moved) - features.present(states[:1]))[0, height]
    assert 0 < difference.item() < 2, "the other metres have a standard deviation of 1, so 0.1 m is little"


def test_points_that_always_coincided_do_not_explode_once_they_part(
    spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures
) -> None:
    states = make_states(50)
    states[:, spec.state.points["goal"]] = states[:, spec.state.points["object"]]
    features = make_features(states)
    parted = states.clone()
    parted[:, spec.state.index("goal_x")] += 0.01
    change = features.present(parted) - features.present(states)
    assert change.abs().max().item() < 0.1


def test_changes_have_one_scale_per_unit(spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures) -> None:
    states = make_states(100)
    states[:, spec.state.index("object_tilt")] *= 50
    features = make_features(states)
    step = torch.zeros(len(spec.state))
    for name in ("hand_x", "object_z", "goal_y"):
        step[spec.state.index(name)] = 0.2
    step[spec.state.index("object_tilt")] = 0.2
    change = changes(features, states[0], states[0] + step)
    metre = change[spec.state.index("hand_x")]
    for name in ("object_z", "goal_y"):
        torch.testing.assert_close(change[spec.state.index(name)], metre)
    assert change[spec.state.index("object_tilt")].item() < 0.1 * metre.item()
    kept = [spec.state.index(f"{point}_{axis}") for point in ("hand", "object", "goal") for axis in "xyz"]
    every = changes(features, states[:-1], states[1:])
    assert every[:, kept].square().mean().item() == pytest.approx(1, rel=1e-4)


def test_where_the_scene_stands_changes_neither_steps_nor_relations(
    spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures
) -> None:
    states = (make_states(50) * 256).round() / 256  # so that shifting rounds nothing
    shifted = torch.where(metres(spec), states + 4, states)
    features, config = make_features(states), FeatureConfig()
    assert torch.equal(changes(features, shifted[:-1], shifted[1:]), changes(features, states[:-1], states[1:]))
    size = len(spec.state)
    there, here = features.context(windows(shifted, config)), features.context(windows(states, config))
    assert torch.equal(there[:, size:], here[:, size:])
    assert not torch.equal(there[:, :size], here[:, :size])


def test_measuring_in_millimetres_changes_nothing(
    spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures
) -> None:
    states = make_states(50)
    fine = torch.where(metres(spec), states * 1000, states)
    config = FeatureConfig()
    torch.testing.assert_close(
        make_features(fine).context(windows(fine, config)),
        make_features(states).context(windows(states, config)),
        rtol=1e-3,
        atol=1e-4,
    )


@pytest.mark.parametrize("config", [FeatureConfig(past=0, future=1), FeatureConfig(), FeatureConfig(past=1, future=3)])
def test_context_holds_the_present_and_the_change(
    make_states: MakeStates, make_features: MakeFeatures, config: FeatureConfig
) -> None:
    states = make_states(50)
    features = make_features(states, config)
    window = windows(states, config)
    context = features.context(window)
    now, following = window[:, config.past], window[:, config.past + 1]
    layout = features.layout
    assert torch.equal(layout.present(context), features.present(now))
    assert torch.equal(layout.next_changes(context, 1)[:, 0], changes(features, now, following))


def test_context_ends_with_the_gripper_in_every_frame(
    spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures
) -> None:
    states = make_states(50)
    features = make_features(states)
    window = windows(states, features.config)
    opening = window[..., spec.state.index("gripper_opening")]
    found = features.context(window)[:, -5:]
    torch.testing.assert_close(found, (opening - states[:-1].mean(0)[3]) / states[:-1].std(0)[3])


def test_further_batch_axes_change_nothing(make_states: MakeStates, make_features: MakeFeatures) -> None:
    states = make_states(50)
    features = make_features(states)
    window = windows(states, features.config)
    one_by_one = torch.stack([features.context(one) for one in window])
    torch.testing.assert_close(features.context(window), one_by_one)
    torch.testing.assert_close(features.context(window[None])[0], one_by_one)


def test_what_was_measured_is_in_the_weights(
    spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures
) -> None:
    states = make_states(50) * 3 + 1
    fitted, fresh = make_features(states), StateFeatures(spec, FeatureConfig())
    window = windows(states, fitted.config)
    assert not torch.equal(fresh.context(window), fitted.context(window))
    fresh.load_state_dict(fitted.state_dict())
    assert torch.equal(fresh.context(window), fitted.context(window))


def test_entries_that_are_not_asked_for_leave_no_trace(
    spec: RobotSpec, make_states: MakeStates, make_features: MakeFeatures
) -> None:
    config = FeatureConfig(entries=("hand", "gripper"))
    states = make_states(50)
    features = make_features(states, config)
    seen = torch.tensor([name.startswith(("hand", "gripper")) for name in spec.state.names])
    other = torch.where(seen, states, states + 1e3 * torch.randn(states.shape))
    assert torch.equal(features.context(windows(other, config)), features.context(windows(states, config)))
    moved = features.present(torch.where(seen, states + 1, states)) - features.present(states)
    assert (moved[:, : len(spec.state)][:, seen] != 0).all()
    assert features.layout.num_present == len(spec.state)


def test_entries_that_nothing_has_are_refused_with_those_there_are(spec: RobotSpec) -> None:
    with pytest.raises(ConfigError, match=r"entries: expected beginnings of hand_x, .* found elbow"):
        StateFeatures(spec, FeatureConfig(entries=("elbow",)))


def test_a_state_of_nothing_but_copies_of_the_one_before_is_refused(make_spec: MakeSpec) -> None:
    with pytest.raises(ConfigError, match="entries: expected beginnings of prev_joint"):
        StateFeatures(make_spec([("prev_joint", "rad")]), FeatureConfig())


@pytest.mark.parametrize(("name", "value"), [("past", -1), ("future", 0), ("std_floor", -0.1)])
def test_impossible_windows_are_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be at least"):
        FeatureConfig(**{name: value})
