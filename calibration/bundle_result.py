"""What a bundle adjustment finds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform

from clam_robot.hardware.calibration.intrinsics import Intrinsics


@dataclass(frozen=True, kw_only=True, eq=False)
class BundleResult:
    """What fits best.

    Attributes:
        cameras: poses X of the camera in its parent; one, unless `camera_of` asks for more.
        boards: poses Y of the board.
        offsets: true minus reported joints [rad]; 0 where they were not free.
        compliances: what gravity's torque adds to that [rad/Nm]; 0 where they were not free.
        scale: of the board against what it should be.
        intrinsics: of the camera.
        covariance: of the free parameters in the order of `names`.
        names: of the free parameters: turns of a camera or board about its own axes [rad], its shift in its parent
            [m], offsets [rad], compliances [rad/Nm], "scale" (its logarithm), intrinsics.
        residuals: found minus drawn corners, by view [pixel].
        chi2: sum of squares over what the noise explains; about `dof` where all is well.
        dof: measured numbers less free ones.
        corner_noise: that was assumed [pixel].
    """

    cameras: tuple[RigidTransform, ...]
    boards: tuple[RigidTransform, ...]
    offsets: Float64[np.ndarray, "6"]
    compliances: Float64[np.ndarray, "6"]
    scale: float
    intrinsics: Intrinsics
    covariance: Float64[np.ndarray, "p p"]
    names: tuple[str, ...]
    residuals: tuple[Float64[np.ndarray, "_ 2"], ...]
    chi2: float
    dof: int
    corner_noise: float

    @property
    def misfit(self) -> float:
        """chi2 per degree of freedom: about 1 where all is well."""
        return self.chi2 / max(self.dof, 1)

    @property
    def view_rms(self) -> list[float]:
        """Of the corners' distances, by view [pixel]."""
        return [float(np.sqrt((each**2).sum(axis=1).mean())) for each in self.residuals]

    @property
    def rms(self) -> float:
        """Of the corners' distances over all views [pixel]."""
        return float(np.sqrt(np.concatenate([(each**2).sum(axis=1) for each in self.residuals]).mean()))

    @property
    def is_plausible(self) -> bool:
        """Whether an arm can be as much off as this one."""
        return float(np.abs(self.offsets).max()) < _FURTHEST_OFFSET

    def sigma(self, name: str) -> float:
        """Standard deviation of a free parameter."""
        i = self.names.index(name)
        return float(np.sqrt(self.covariance[i, i]))

    def covariance_of(self, names: Sequence[str]) -> Float64[np.ndarray, "k k"]:
        """Of some of the free parameters."""
        chosen = [self.names.index(name) for name in names]
        return self.covariance[np.ix_(chosen, chosen)]


# No arm is further off [rad].
_FURTHEST_OFFSET = 0.35
