"""Joints at the arm's own rate."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True, kw_only=True)
class JointSamples:
    """M samples of J joints, in order.

    Attributes:
        names: of the joints.
        time: (M,) when they were read [s].
        position: (M, J) [rad].
        velocity: (M, J) [rad/s].
        effort: (M, J) in the driver's units.
    """

    names: tuple[str, ...]
    time: Float64[np.ndarray, "M"]
    position: Float64[np.ndarray, "M J"]
    velocity: Float64[np.ndarray, "M J"]
    effort: Float64[np.ndarray, "M J"]

    def __len__(self) -> int:
        return len(self.time)
