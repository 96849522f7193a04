"""Measures how far a robot is from where a recorded one was."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Of one quantity over an episode, in its unit.

    Attributes:
        name: a point of the state (distances), or all joints together (the furthest one).
        unit: of the numbers.
        mean: over control periods.
        largest: of all.
        last: at the end.
    """

    name: str
    unit: str
    mean: float
    largest: float
    last: float


class DeviationMeter:
    """A `Subscriber` that compares states with recorded ones, period by period.

    Args:
        recorded: (T, S).
        speed: recorded rows per control period.
    """

    def __init__(self, recorded: Float32[np.ndarray, "T S"], *, speed: float) -> None:
        self._recorded = recorded.astype(np.float64)
        self._speed = speed
        self._spec: RobotSpec | None = None
        self._errors: list[np.ndarray] = []

    def on_episode_start(self, start: EpisodeStart) -> None:
        """Begin anew."""
        self._spec = start.spec
        self._errors = []

    def on_step(self, step: Step) -> None:
        """Compare a state."""
        self._errors.append(step.observation.state - self._expected(len(self._errors) * self._speed))

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        """Nothing to do."""

    def _expected(self, place: float) -> Float64[np.ndarray, "S"]:
        last = len(self._recorded) - 1
        row = min(int(place), last)
        share = min(place, last) - row
        return (1 - share) * self._recorded[row] + share * self._recorded[min(row + 1, last)]

    def result(self) -> tuple[Deviation, ...]:
        """Of every point, and of the joints; nothing before the first step."""
        if self._spec is None or not self._errors:
            return ()
        errors, state = np.array(self._errors), self._spec.state
        series = [(name, "m", np.linalg.norm(errors[:, place], axis=1)) for name, place in state.points.items()]
        joints = [i for i, unit in enumerate(state.units) if unit == "rad"]
        if joints:
            series.append(("joints", "rad", np.abs(errors[:, joints]).max(axis=1)))
        return tuple(
            Deviation(name=name, unit=unit, mean=float(each.mean()), largest=float(each.max()), last=float(each[-1]))
            for name, unit, each in series
        )
