"""Affine policies on standardised observations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot import config
from clam_robot.errors import ConfigError
from sim.linear_policy import LinearPolicy, act, unpack


def _policy(**changes: object) -> LinearPolicy:
    settings = {
        "mean": (1.0, 0.0),
        "scale": (2.0, 0.5),
        "gains": ((0.4, 0.1), (0.0, 5.0), (-0.2, 0.0)),
        "bias": (0.1,) * 3,
    }
    return LinearPolicy(**{**settings, **changes})


def test_actions_are_affine_in_the_standardised_observation_and_clipped() -> None:
    action = _policy().act(np.array([2.0, 1.0], np.float32))
    np.testing.assert_allclose(action, [0.4 * 0.5 + 0.1 * 2.0 + 0.1, 1.0, -0.2 * 0.5 + 0.1], rtol=1e-6)
    assert action.dtype == np.float32


def test_parameters_are_gains_and_bias_action_after_action() -> None:
    gains, bias = unpack(np.arange(6.0), num_states=2)
    np.testing.assert_array_equal(gains, [[0, 1], [3, 4]])
    np.testing.assert_array_equal(bias, [2, 5])


@given(seed=st.integers(0, 1000))
def test_a_policy_comes_back_from_its_parameters_and_from_json(seed: int) -> None:
    rng = np.random.default_rng(seed)
    policy = LinearPolicy.of(rng.normal(size=15), rng.normal(size=4), rng.uniform(0.1, 2.0, 4))
    again = LinearPolicy.of(policy.parameters, np.array(policy.mean), np.array(policy.scale))
    assert again == policy
    assert config.from_dict(LinearPolicy, config.to_dict(policy), source="round trip") == policy


def test_many_policies_act_at_once_as_each_would_alone() -> None:
    rng = np.random.default_rng(0)
    policies = [LinearPolicy.of(parameters, np.zeros(4), np.ones(4)) for parameters in rng.normal(size=(5, 15))]
    observations = rng.normal(size=(5, 4)).astype(np.float32)
    together = act(np.stack([policy.parameters for policy in policies]), observations, np.zeros(4), np.ones(4))
    alone = [policy.act(observation) for policy, observation in zip(policies, observations, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "changes", [{"mean": (0.0,)}, {"scale": (1.0,) * 3}, {"bias": (0.0,)}, {"gains": ((0.0, 0.0), (0.0,), (0.0, 0.0))}]
)
def test_sizes_that_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"need \d entries"):
        _policy(**changes)


def test_scales_are_positive() -> None:
    with pytest.raises(ConfigError, match=r"positive, found 0\.0"):
        _policy(scale=(1.0, 0.0))
