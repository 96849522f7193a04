"""Which numbers of a bundle adjustment are free, in which order, and what is known of them beforehand."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.bundle_result import BundleResult
from calibration.bundle_settings import BundleSettings
from calibration.hand_eye_views import HandEyeViews
from clam_robot.hardware.calibration.intrinsics import PARAMETERS, Intrinsics
from clam_robot.hardware.wx250s import JOINT_NAMES, NUM_JOINTS


class BundleParameters:
    """A vector of steps of all poses, six each, and then of the rest: offsets, compliances, scale, intrinsics.

    Attributes:
        names: of all.
        num_cameras: poses of the camera.
        num_poses: of camera and board together.
        offsets: numbers of the joints whose offset is free.
        compliances: of the joints that bend.
        lens: numbers of the intrinsics that are free.
    """

    def __init__(self, views: HandEyeViews, settings: BundleSettings, num_cameras: int, num_boards: int) -> None:
        self._views, self._settings = views, settings
        self.num_cameras, self.num_poses = num_cameras, num_cameras + num_boards
        self.offsets = [JOINT_NAMES.index(name) for name in settings.offsets]
        self.compliances = [JOINT_NAMES.index(name) for name in settings.compliances]
        prior = settings.intrinsics_covariance
        self.lens = [] if prior is None else [i for i in range(len(PARAMETERS)) if prior[i, i] > 0]
        poses = [f"camera{i}" if i else "camera" for i in range(num_cameras)]
        poses += [f"board{i}" if i else "board" for i in range(num_boards)]
        self.names = (
            *(f"{pose} {axis}" for pose in poses for axis in ("rx", "ry", "rz", "x", "y", "z")),
            *(f"offset {name}" for name in settings.offsets),
            *(f"compliance {name}" for name in settings.compliances),
            *(("scale",) if settings.is_scale_free else ()),
            *(PARAMETERS[i] for i in self.lens),
        )
        self._bends = len(self.offsets)
        self._scale_at = self._bends + len(self.compliances)
        self._lens_at = self._scale_at + settings.is_scale_free
        self.known = self._known()

    @property
    def num_rest(self) -> int:
        """Beside the poses."""
        return len(self.names) - 6 * self.num_poses

    def start(self, scale: float = 1.0) -> np.ndarray:
        """The rest where nothing is known yet."""
        vector = np.zeros(self.num_rest)
        if self._settings.is_scale_free:
            vector[self._scale_at] = np.log(scale)
        return vector

    def of(self, result: BundleResult) -> np.ndarray:
        """The rest as a fit with other poses found it."""
        numbers = result.intrinsics.vector - self._views.intrinsics.vector
        scale = [np.log(result.scale)] if self._settings.is_scale_free else []
        bends = result.compliances[self.compliances]
        return np.array([*result.offsets[self.offsets], *bends, *scale, *numbers[self.lens]])

    def steps(self, x: np.ndarray) -> Float64[np.ndarray, "poses 6"]:
        """Of the poses."""
        return x[: 6 * self.num_poses].reshape(-1, 6)

    def rest(self, x: np.ndarray) -> np.ndarray:
        """What comes behind them."""
        return x[6 * self.num_poses :]

    def offsets_in(self, rest: np.ndarray) -> Float64[np.ndarray, "6"]:
        """Of all joints [rad]."""
        return _spread(self.offsets, rest[: self._bends])

    def compliances_in(self, rest: np.ndarray) -> Float64[np.ndarray, "6"]:
        """Of all joints [rad/Nm]."""
        return _spread(self.compliances, rest[self._bends : self._scale_at])

    def scale_in(self, rest: np.ndarray) -> float:
        """Of the board."""
        return float(np.exp(rest[self._scale_at])) if self._settings.is_scale_free else 1.0

    def intrinsics_in(self, rest: np.ndarray) -> Intrinsics:
        """Of the camera."""
        if not self.lens:
            return self._views.intrinsics
        numbers = self._views.intrinsics.vector
        numbers[self.lens] += rest[self._lens_at :]
        return self._views.intrinsics.with_vector(numbers)

    def moved(
        self, x: np.ndarray, cameras: Sequence[RigidTransform], boards: Sequence[RigidTransform]
    ) -> tuple[list[RigidTransform], list[RigidTransform]]:
        """The poses after their steps: turned about their own axes, shifted in their parents."""
        poses = [
            RigidTransform.from_components(pose.translation + step[3:], pose.rotation * Rotation.from_rotvec(step[:3]))
            for pose, step in zip([*cameras, *boards], self.steps(x), strict=True)
        ]
        return poses[: self.num_cameras], poses[self.num_cameras :]

    def _known(self) -> Float64[np.ndarray, "k p"]:
        """Rows that make what is known beforehand, of the whole vector, independent and of variance 1."""
        first = 6 * self.num_poses
        rows = np.zeros((self.num_rest - self._settings.is_scale_free, len(self.names)))
        for i in range(self._scale_at):
            rows[i, first + i] = 1.0 / (OFFSET_PRIOR if i < self._bends else COMPLIANCE_PRIOR)
        prior = self._settings.intrinsics_covariance
        if prior is not None and self.lens:
            root = np.linalg.cholesky(prior[np.ix_(self.lens, self.lens)])
            rows[self._scale_at :, first + self._lens_at :] = np.linalg.inv(root)
        return rows


def _spread(joints: list[int], values: np.ndarray) -> Float64[np.ndarray, "6"]:
    every = np.zeros(NUM_JOINTS)
    every[joints] = values
    return every


# Offsets are of this order beforehand [rad]: an arm that leans over backwards could be any arm.
OFFSET_PRIOR = 0.1
# A link yields by this order [rad/Nm].
COMPLIANCE_PRIOR = 2e-3
