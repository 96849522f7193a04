"""How much, and about how many axes, the hand turned between the views."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation

# Less is not worth a calibration [rad].
_LEAST_TURN = 0.15
_LEAST_SECOND_TURN = 0.08


@dataclass(frozen=True, kw_only=True)
class RotationSpread:
    """Turns between all pairs of views.

    Attributes:
        turns: root mean square of the turns about their main axis, and about the two perpendicular to it [rad].
        axis: the main axis, in the hand's frame.
    """

    turns: tuple[float, float, float]
    axis: tuple[float, float, float]

    @property
    def problem(self) -> str | None:
        """What is wrong with them, if anything."""
        first, second, _ = (np.degrees(each) for each in self.turns)
        if self.turns[0] < _LEAST_TURN:
            return f"the hand turned by {first:.0f} degrees only; turn it by 30 and more, about two axes or three"
        if self.turns[1] < _LEAST_SECOND_TURN:
            along = ", ".join(f"{each:.2f}" for each in self.axis)
            return (
                f"the hand turned about one axis only ({along} of its own frame: {first:.0f} degrees, about others "
                f"{second:.1f}); where the camera is along that axis cannot be told: turn it about another one, too"
            )
        return None


def rotation_spread(hands: Float64[np.ndarray, "n 4 4"]) -> RotationSpread:
    """Of poses of the hand in the base frame; a single one turned by nothing."""
    if len(hands) < 2:
        return RotationSpread(turns=(0.0, 0.0, 0.0), axis=(0.0, 0.0, 1.0))
    first, second = np.triu_indices(len(hands), 1)
    turns = Rotation.from_matrix(hands[first, :3, :3].transpose(0, 2, 1) @ hands[second, :3, :3]).as_rotvec()
    values, vectors = np.linalg.eigh(turns.T @ turns / len(turns))
    a, b, c = np.sqrt(np.maximum(values[::-1], 0.0))
    x, y, z = vectors[:, -1]
    return RotationSpread(turns=(float(a), float(b), float(c)), axis=(float(x), float(y), float(z)))
