"""A policy is asked once before it is served."""

import numpy as np
import pytest

from clam_robot.errors import ServerError
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.testing.fakes import FakePolicy, fake_spec
from clam_robot.types import ActionChunk, Observation
from policy_server.config import ServerConfig
from policy_server.probe import blank_observation, probe


def test_it_finds_horizon_and_keys() -> None:
    spec = fake_spec({"front": CameraSpec(height=4, width=6)}, control_hz=20.0)
    info = probe(FakePolicy(spec, horizon=5), ServerConfig(max_frame_bytes=99), name="p", summary={"loss": 0.1})
    assert (info.policy, info.horizon, info.dt, info.latent_dims) == ("p", 5, 0.05, None)
    assert info.observation_keys == ("observation/state", "observation/images/front")
    assert (info.robot, info.max_frame_bytes, info.summary) == (spec, 99, {"loss": 0.1})


def test_a_blank_observation_is_within_bounds() -> None:
    state = VectorSpec(names=("a", "b"), units=("m", "m"), low=(1.0, -5.0), high=(2.0, -3.0))
    spec = RobotSpec(name="x", state=state, action=fake_spec().action, control_hz=5.0)
    observation = blank_observation(spec)
    spec.state.validate(observation.state)
    np.testing.assert_array_equal(observation.state, np.array([1.0, -3.0], np.float32))


class CrashingPolicy(FakePolicy):
    def infer(self, observation: Observation) -> ActionChunk:
        raise LookupError("no weights")


def test_a_policy_that_crashes_is_not_served() -> None:
    with pytest.raises(ServerError, match=r"policy p: .* found LookupError: no weights"):
        probe(CrashingPolicy(), ServerConfig(), name="p", summary={})


def test_a_policy_that_gives_no_numbers_is_not_served() -> None:
    policy = FakePolicy(act=lambda _: np.full(3, np.nan, np.float32))
    with pytest.raises(ServerError, match=r"actions\[0\] vx: expected a finite number, found nan"):
        probe(policy, ServerConfig(), name="p", summary={})


def test_a_policy_of_another_robot_is_not_served() -> None:
    policy = FakePolicy(act=lambda _: np.zeros(4, np.float32))
    with pytest.raises(ServerError, match=r"actions: expected \(H, 3\) \[vx, vy, vz\], found shape \(1, 4\)"):
        probe(policy, ServerConfig(), name="p", summary={})
