"""What an episode's outcome says of success, by how it ended."""

import numpy as np
import pytest

from clam_robot.control.tally import EpisodeTally
from clam_robot.timing import ManualClock, Rate
from clam_robot.types import Observation, Step, TaskStatus


def tally(*solved: bool) -> EpisodeTally:
    """Of one period for each."""
    counted = EpisodeTally()
    for success in solved:
        status = TaskStatus(success=success, episode_return=1.0, num_steps=1, is_over=False)
        action = np.zeros(1, np.float32)
        observation = Observation(time=0.0, state=np.zeros(1, np.float32))
        counted.count(Step(observation=observation, requested=action, sent=action, status=status))
    return counted


@pytest.mark.parametrize(
    ("solved", "end", "success"),
    [
        ((False, False), "horizon", False),
        ((False, True), "success", True),
        ((True, False), "horizon", True),
        ((False, False), "policy", None),
        ((False, False), "fault", None),
        ((False, False), "interrupted", None),
        ((True, False), "policy", True),
        ((), "horizon", None),
    ],
)
def test_an_episode_cut_short_is_not_a_failure(solved: tuple[bool, ...], end: str, success: bool | None) -> None:
    outcome = tally(*solved).outcome(end=end, seconds=1.0, rate=Rate(10.0, ManualClock()))
    assert outcome.success is success
