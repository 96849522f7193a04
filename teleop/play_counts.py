"""What play has shown so far, in numbers that add up over episodes."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64

NUM_SPEEDS = 5
Cell = tuple[int, int, int]


def _no_speeds() -> np.ndarray:
    return np.zeros((3, NUM_SPEEDS), np.int64)


@dataclass(kw_only=True)
class PlayCounts:
    """Counts of one episode or of many.

    Attributes:
        num_steps: control periods with an action.
        num_held: of these, with something in the gripper.
        num_transitions: changes of side of the gripper's command.
        num_grasps: times something was taken.
        num_carries: times what is held was carried somewhere else.
        num_releases: times what is held was let go.
        num_regrasps: times the gripper closed again soon after it had opened.
        num_pushes: times something was pushed without being held.
        num_turning: control periods in which the hand turns.
        speeds: (3, 5) control periods by direction as the person sees it (forwards, left, up) and speed
            (fast back, slowly back, at rest, slowly, fast).
        cells: of the workspace in which the hand has been.
    """

    num_steps: int = 0
    num_held: int = 0
    num_transitions: int = 0
    num_grasps: int = 0
    num_carries: int = 0
    num_releases: int = 0
    num_regrasps: int = 0
    num_pushes: int = 0
    num_turning: int = 0
    speeds: Int64[np.ndarray, "3 5"] = field(default_factory=_no_speeds)
    cells: frozenset[Cell] = frozenset()

    def plus(self, other: "PlayCounts") -> "PlayCounts":
        """Both together."""
        return PlayCounts(
            num_steps=self.num_steps + other.num_steps,
            num_held=self.num_held + other.num_held,
            num_transitions=self.num_transitions + other.num_transitions,
            num_grasps=self.num_grasps + other.num_grasps,
            num_carries=self.num_carries + other.num_carries,
            num_releases=self.num_releases + other.num_releases,
            num_regrasps=self.num_regrasps + other.num_regrasps,
            num_pushes=self.num_pushes + other.num_pushes,
            num_turning=self.num_turning + other.num_turning,
            speeds=self.speeds + other.speeds,
            cells=self.cells | other.cells,
        )
