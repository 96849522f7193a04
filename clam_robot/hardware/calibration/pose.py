"""A pose as it stands in files."""

import math
from dataclasses import dataclass

from scipy.spatial.transform import RigidTransform, Rotation

from clam_robot import config
from clam_robot.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Pose(config.Strict):
    """Where one frame is in another.

    Attributes:
        translation: x, y, z [m].
        quaternion: x, y, z, w of the rotation.
    """

    translation: tuple[float, float, float]
    quaternion: tuple[float, float, float, float]

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.translation)):
            raise ConfigError(f"translation: expected metres, found {self.translation}; calibrate again")
        if not abs(math.hypot(*self.quaternion) - 1.0) < _NORM_ERROR:
            raise ConfigError(f"quaternion: expected one of length 1, found {self.quaternion}; calibrate again")

    def transform(self) -> RigidTransform:
        """For calculations."""
        return RigidTransform.from_components(self.translation, Rotation.from_quat(self.quaternion))


def to_pose(transform: RigidTransform) -> Pose:
    """For files."""
    x, y, z = (float(each) for each in transform.translation)
    a, b, c, d = (float(each) for each in transform.rotation.as_quat(canonical=True))
    return Pose(translation=(x, y, z), quaternion=(a, b, c, d))


# Of a quaternion that was rounded where it was written.
_NORM_ERROR = 1e-3
