"""Learning, on a task small enough to be learned while one waits."""

from collections.abc import Callable

from clam_robot.interfaces import Policy
from clam_robot.models.checkpoint import load_policy
from clam_robot.training.run import TrainingResult
from clam_robot.types import EpisodeOutcome
from tests.clam_robot.training.conftest import Trained

NUM_SCENES = 20

Rollout = Callable[..., list[EpisodeOutcome]]


def successes(rollout: Rollout, result: TrainingResult) -> int:
    policy: Policy = load_policy(result.checkpoint)[0]
    return sum(bool(outcome.success) for outcome in rollout(policy, range(1000, 1000 + NUM_SCENES)))


def test_clam_reaches_goals_that_it_saw_others_reach_and_cloned_play_does_not(
    trained: Trained, rollout: Rollout
) -> None:
    clam, cloned_play, _ = trained.results
    assert successes(rollout, clam) >= 16
    assert successes(rollout, cloned_play) <= 4
