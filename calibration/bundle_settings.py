"""What a bundle adjustment is told beforehand."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from clam_robot.hardware.wx250s import JOINT_NAMES

# A waist that is off turns the whole base, and a wrist_rotate that is off turns the hand: neither can be told from a
# base or a hand that is turned, whatever is seen.
OBSERVABLE = ("shoulder", "elbow", "forearm_roll", "wrist_angle")
GAUGE = tuple(name for name in JOINT_NAMES if name not in OBSERVABLE)


@dataclass(frozen=True, kw_only=True, eq=False)
class BundleSettings:
    """What is free, and what is known beforehand.

    Attributes:
        offsets: joints whose offset is free.
        compliances: joints that bend under gravity, how much being free.
        is_scale_free: whether the board may be larger or smaller than it should.
        intrinsics_covariance: of `PARAMETERS`; those with a variance above 0 are free within it. None keeps them.
        joint_noise: standard deviation of each joint in each view: counts, play, bending [rad].
        position_noise: of the hand's position along each axis where poses were recorded, not joints [m].
        angle_noise: of its orientation about each axis [rad].
        corner_noise: of a corner along one axis [pixel]; None takes it from the views.
        camera_of: for each view, which pose of the camera it has; None: the same for all.
        board_of: the same for the board.
    """

    offsets: tuple[str, ...] = ()
    compliances: tuple[str, ...] = ()
    is_scale_free: bool = False
    intrinsics_covariance: Float64[np.ndarray, "9 9"] | None = None
    joint_noise: float = 7e-4
    position_noise: float = 5e-4
    angle_noise: float = 1.5e-3
    corner_noise: float | None = None
    camera_of: Int64[np.ndarray, "n"] | None = None
    board_of: Int64[np.ndarray, "n"] | None = None
