"""Several rows become one action."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from clam_robot.specs import RobotSpec

# Far above the rounding of a sum of weights, far below any weight that is meant to count.
_DRAW = 1e-9


class RowAverage:
    """A weighted mean of amounts, a weighted vote on switches.

    A binary gripper (`RobotSpec.gripper`) is a switch: only the side of its threshold counts, and a mean of "open" and
    "close" is neither, or says "close" because one plan means it more strongly. So each row votes for its side with its
    weight, a draw goes to the newest row, and the value is that of the newest row on the winning side: one that was
    asked for. The switch then changes when the mean of the amounts beside it is mostly that of plans which have
    changed it, neither before the hand is there nor after it has left. A continuous gripper is an amount.

    Args:
        spec: of the robot; None where all entries are amounts.
    """

    def __init__(self, spec: RobotSpec | None) -> None:
        gripper = None if spec is None else spec.gripper
        is_switch = gripper is not None and gripper.mode == "binary"
        self._switch = spec.action.index(gripper.action) if spec and gripper and is_switch else None
        self._threshold = gripper.threshold if gripper else 0.0

    def __call__(self, rows: Sequence[Float32[np.ndarray, "A"]], weights: Sequence[float]) -> Float32[np.ndarray, "A"]:
        """One action.

        Args:
            rows: oldest first.
            weights: of each, 1 in all; a row of weight zero changes nothing, not even by being infinite.
        """
        counted = [(row, weight) for row, weight in zip(rows, weights, strict=True) if weight > 0]
        if len(counted) == 1:
            return counted[0][0]
        rows, weights = [row for row, _ in counted], [weight for _, weight in counted]
        with np.errstate(all="ignore"):  # what is not finite stays so, for the limiter to refuse
            action = np.average(np.stack(rows).astype(np.float64), axis=0, weights=weights).astype(np.float32)
        if self._switch is not None and self._switch < len(action):
            action[self._switch] = self._vote([float(row[self._switch]) for row in rows], weights)
        return action

    def _vote(self, values: Sequence[float], weights: Sequence[float]) -> float:
        if not np.isfinite(values).all():
            return math.nan
        is_above = [value > self._threshold for value in values]
        balance = sum(weight if above else -weight for above, weight in zip(is_above, weights, strict=True))
        winner = is_above[-1] if abs(balance) < _DRAW else balance > 0
        return next(value for value, above in zip(reversed(values), reversed(is_above), strict=True) if above == winner)
