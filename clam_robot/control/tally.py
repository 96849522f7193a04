"""What is counted while an episode runs, and the outcome it adds up to."""

import logging
from dataclasses import dataclass, field

import numpy as np

from clam_robot.control.safety import NO_ACTION
from clam_robot.timing import Rate
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step, TaskStatus

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How well a loop keeps its periods.

    Attributes:
        num_steps: control periods so far.
        num_overruns: of these, began late.
    """

    num_steps: int = 0
    num_overruns: int = 0


@dataclass(kw_only=True)
class EpisodeTally:
    """Counts of one episode.

    Attributes:
        num_steps: control periods so far.
        num_limited: periods in which an action was changed or refused.
        num_held: periods without an action that could be sent.
        held_in_a_row: such periods since the last action.
        steps_since_success: periods since the task was first solved; None before.
        status: newest task status, where the robot judges its task.
        infer_ms: time of each inference, or the age at which each asynchronous answer was there [ms].
        num_skipped: observations that the policy passed over for newer ones.
        num_refused: chunks that came too late or out of order.
    """

    num_steps: int = 0
    num_limited: int = 0
    num_held: int = 0
    held_in_a_row: int = 0
    steps_since_success: int | None = None
    status: TaskStatus | None = None
    infer_ms: list[float] = field(default_factory=list[float])
    num_skipped: int = 0
    num_refused: int = 0

    def count(self, step: Step) -> None:
        """Add one control period."""
        self.num_steps += 1
        self.num_limited += bool(step.limits) and step.limits != (NO_ACTION,)
        if step.sent is None:
            self.count_hold()
        else:
            self.held_in_a_row = 0
        self.status = step.status
        if self.steps_since_success is not None:
            self.steps_since_success += 1
        elif step.status is not None and step.status.success:
            self.steps_since_success = 0

    def count_hold(self) -> None:
        """Add one period in which the robot held."""
        self.num_held += 1
        self.held_in_a_row += 1

    def outcome(self, *, end: str, seconds: float, rate: Rate) -> EpisodeOutcome:
        """Sum up.

        Args:
            end: why the episode ended.
            seconds: how long it took on the robot's clock [s].
            rate: the pacing of the loop, for its overruns.
        """
        status = self.status
        is_solved = self.steps_since_success is not None
        is_judged = status is not None and (is_solved or end in {"horizon", "success"})  # cut short, nobody knows
        return EpisodeOutcome(
            success=is_solved if is_judged else None,
            episode_return=None if status is None else status.episode_return,
            num_steps=self.num_steps,
            end=end,
            achieved_hz=self.num_steps / seconds if seconds > 0 else 0.0,
            num_overruns=rate.num_overruns,
            num_limited=self.num_limited,
            num_held=self.num_held,
            infer_ms=tuple(self.infer_ms),
            num_skipped=self.num_skipped,
            num_refused=self.num_refused,
        )


def log_outcome(start: EpisodeStart, outcome: EpisodeOutcome) -> None:
    """One line per episode."""
    p50, p95 = np.percentile(outcome.infer_ms, [50, 95]) if outcome.infer_ms else (0.0, 0.0)
    logger.info(
        "%s %s seed %s: %s after %d steps at %.1f Hz, success %s, %d overruns, %d limited, %d held, "
        "%d skipped, %d refused, inference p50 %.1f p95 %.1f ms",
        start.spec.name,
        start.source,
        start.seed,
        outcome.end,
        outcome.num_steps,
        outcome.achieved_hz,
        outcome.success,
        outcome.num_overruns,
        outcome.num_limited,
        outcome.num_held,
        outcome.num_skipped,
        outcome.num_refused,
        p50,
        p95,
    )
