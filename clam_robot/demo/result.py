"""What the demo measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clam_robot import config
from clam_robot.control.success_rate import SuccessRate


@dataclass(frozen=True, kw_only=True)
class RunResult(config.Strict):
    """One trained policy on the robot.

    Attributes:
        method: how it was trained.
        label_set: on which labelled play.
        successes: rollouts that solved the task.
        num_episodes: rollouts.
        train_seconds: wall time of training [s].
        run_seconds: wall time of the rollouts through the server [s].
        round_trip_ms: every round trip to the server [ms].
        video: file name of the film.
        recording: folder name of the recorded rollouts.
    """

    method: str
    label_set: int
    successes: int
    num_episodes: int
    train_seconds: float
    run_seconds: float
    round_trip_ms: tuple[float, ...]
    video: str
    recording: str

    @property
    def success(self) -> SuccessRate:
        """With its interval."""
        return SuccessRate(successes=self.successes, num_episodes=self.num_episodes)


@dataclass(frozen=True, kw_only=True)
class MethodResult:
    """One method over all its label sets."""

    method: str
    runs: tuple[RunResult, ...]

    @property
    def success(self) -> SuccessRate:
        """All rollouts together."""
        return SuccessRate(
            successes=sum(run.successes for run in self.runs), num_episodes=sum(run.num_episodes for run in self.runs)
        )

    @property
    def seconds(self) -> float:
        """Mean wall time to train one policy and run its rollouts [s]."""
        return float(np.mean([run.train_seconds + run.run_seconds for run in self.runs]))

    def round_trip(self, percentile: float) -> float:
        """Of the time from observation to action through the server [ms]."""
        return float(np.percentile(np.concatenate([run.round_trip_ms for run in self.runs]), percentile))


def by_method(runs: Sequence[RunResult]) -> list[MethodResult]:
    """Group runs, methods in the order they first appear."""
    methods = list(dict.fromkeys(run.method for run in runs))
    return [MethodResult(method=m, runs=tuple(run for run in runs if run.method == m)) for m in methods]
