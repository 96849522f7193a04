"""Rollouts of a policy that comes back."""

import numpy as np
import pytest

from clam_robot.errors import PolicyUnavailable
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, Observation
from sim.registry import make_robot
from sim.rollouts import run_rollouts

NUM_SILENT = 60


class LatePolicy(FakePolicy):
    """Is not there for a while."""

    num_asked = 0

    def infer(self, observation: Observation) -> ActionChunk:
        self.num_asked += 1
        if self.num_asked <= NUM_SILENT:
            raise PolicyUnavailable("nobody there")
        return super().infer(observation)


def test_a_robot_holds_for_as_long_as_it_is_told_to() -> None:
    clock = ManualClock()
    robot = make_robot("metaworld:reach", clock)
    robot.connect()
    policy = LatePolicy(robot.spec, lambda _: np.zeros(4))
    (outcome,) = run_rollouts(robot, policy, clock, [1], max_held=NUM_SILENT + 1)
    assert (outcome.end, outcome.num_held) == ("horizon", NUM_SILENT)
    with pytest.raises(PolicyUnavailable, match="nobody there"):
        run_rollouts(robot, LatePolicy(robot.spec, lambda _: np.zeros(4)), clock, [1])
