"""A policy is asked once before it is served."""

from collections.abc import Sequence

import numpy as np
import pytest

from clam_robot.errors import ServerError
from clam_robot.interfaces import Policy
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.testing.fakes import FakePolicy, fake_spec
from clam_robot.types import ActionChunk, Observation
from policy_server.config import ServerConfig
from policy_server.policy_info import PolicyInfo
from policy_server.probe import blank_observation, probe
from policy_server.served_model import ModelSource, OneByOne


def probed(policy: FakePolicy, server: ServerConfig | None = None) -> PolicyInfo:
    source = ModelSource(policy="p", group=OneByOne(lambda: policy), checkpoint="c", summary={"loss": 0.1})
    return probe(source, server or ServerConfig(), model="m")


def test_it_finds_horizon_and_keys() -> None:
    spec = fake_spec({"front": CameraSpec(height=4, width=6)}, control_hz=20.0)
    info = probed(FakePolicy(spec, horizon=5), ServerConfig(max_frame_bytes=99))
    assert (info.policy, info.model, info.checkpoint, info.horizon, info.dt, info.latent_dims) == (
        "p",
        "m",
        "c",
        5,
        0.05,
        None,
    )
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
        probed(CrashingPolicy())


def test_a_policy_that_gives_no_numbers_is_not_served() -> None:
    policy = FakePolicy(act=lambda _: np.full(3, np.nan, np.float32))
    with pytest.raises(ServerError, match=r"actions\[0\] vx: expected a finite number, found nan"):
        probed(policy)


def test_a_policy_of_another_robot_is_not_served() -> None:
    policy = FakePolicy(act=lambda _: np.zeros(4, np.float32))
    with pytest.raises(ServerError, match=r"actions: expected \(H, 3\) \[vx, vy, vz\], found shape \(1, 4\)"):
        probed(policy)


class LonelyGroup(OneByOne):
    """Answers the first robot only."""

    def infer(self, policies: Sequence[Policy], observations: Sequence[Observation]) -> list[ActionChunk]:
        return super().infer(policies[:1], observations[:1])


def test_a_group_that_forgets_a_robot_is_not_served() -> None:
    source = ModelSource(policy="p", group=LonelyGroup(FakePolicy))
    with pytest.raises(ServerError, match="expected 2 answers, found 1"):
        probe(source, ServerConfig(), model="m")
