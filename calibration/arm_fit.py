"""The joints' offsets, and what gravity bends, from the views of all cameras together.

Every recording has its own camera and board, and shares with the others the joints alone: what each tells of them adds
up, weighted by its doubt, and the cameras follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.bundle_parameters import COMPLIANCE_PRIOR, OFFSET_PRIOR
from calibration.bundle_settings import OBSERVABLE, BundleSettings
from calibration.hand_eye import HandEyeFit, fit_hand_eye
from calibration.hand_eye_views import HandEyeViews
from clam_robot.errors import CalibrationError
from clam_robot.hardware.wx250s import JOINT_NAMES

BENDING = ("shoulder", "elbow")
_CAMERA = tuple(f"camera {axis}" for axis in ("rx", "ry", "rz", "x", "y", "z"))


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmFit:
    """What was found.

    Attributes:
        names: of the numbers: "offset JOINT" [rad], "compliance JOINT" [rad/Nm].
        values: of them.
        covariance: of them.
        fits: of each recording for itself.
        gain: by how much chi2 falls when joints may bend; they do in `names` where that is worth it.
    """

    names: tuple[str, ...]
    values: Float64[np.ndarray, "k"]
    covariance: Float64[np.ndarray, "k k"]
    fits: tuple[HandEyeFit, ...]
    gain: float

    def of(self, kind: str) -> dict[str, float]:
        """All "offset"s or "compliance"s by joint."""
        pairs = zip(self.names, self.values, strict=True)
        return {name.removeprefix(f"{kind} "): float(value) for name, value in pairs if name.startswith(kind)}

    def sigma(self, name: str) -> float:
        """Standard deviation of one of them."""
        i = self.names.index(name)
        return float(np.sqrt(self.covariance[i, i]))

    def camera(self, number: int) -> tuple[RigidTransform, Float64[np.ndarray, "6 6"]]:
        """Of a recording, now that the joints are known from all: its pose and covariance."""
        result = self.fits[number].result
        own = result.covariance_of(self.names)
        both = result.covariance_of([*_CAMERA, *self.names])[:6, 6:]
        gain = both @ np.linalg.inv(own)
        step = gain @ (self.values - values_of(self.fits[number], self.names))
        pose = result.cameras[0]
        moved = RigidTransform.from_components(
            pose.translation + step[3:], pose.rotation * Rotation.from_rotvec(step[:3])
        )
        return moved, result.covariance_of(_CAMERA) - gain @ (own - self.covariance) @ gain.T


def fit_arm(
    recordings: Sequence[HandEyeViews], intrinsics_covariances: Sequence[Float64[np.ndarray, "9 9"] | None]
) -> ArmFit:
    """Offsets of the joints that can be told, and compliances where the views show that joints bend.

    Args:
        recordings: views of one camera each, with joints.
        intrinsics_covariances: of each camera, see `BundleSettings`.

    Raises:
        CalibrationError: a recording does not do, or two contradict each other.
    """
    if not recordings:
        raise CalibrationError("no recording to find the joints' offsets from; run `clam calibrate hand-eye` first")
    settings = [BundleSettings(offsets=OBSERVABLE, intrinsics_covariance=each) for each in intrinsics_covariances]
    stiff = [fit_hand_eye(views, each) for views, each in zip(recordings, settings, strict=True)]
    bent = [
        fit_hand_eye(views, replace(each, compliances=BENDING))
        for views, each in zip(recordings, settings, strict=True)
    ]
    gain = sum(a.result.chi2 - b.result.chi2 for a, b in zip(stiff, bent, strict=True))
    does_bend = gain > _GAIN
    names = tuple(f"offset {each}" for each in OBSERVABLE)
    names += tuple(f"compliance {each}" for each in BENDING) if does_bend else ()
    fits = tuple(bent if does_bend else stiff)
    priors = np.array([OFFSET_PRIOR if each.startswith("offset") else COMPLIANCE_PRIOR for each in names])
    # What is known beforehand is contained in each of them, and counts once.
    information = -(len(fits) - 1) * np.diag(1.0 / priors**2)
    weighted = np.zeros(len(names))
    for each in fits:
        own = np.linalg.inv(each.result.covariance_of(names))
        information += own
        weighted += own @ values_of(each, names)
    covariance = np.linalg.inv(information)
    values = covariance @ weighted
    _require_agreement(fits, names, values, covariance)
    return ArmFit(names=names, values=values, covariance=covariance, fits=fits, gain=float(gain))


def values_of(fit: HandEyeFit, names: Sequence[str]) -> Float64[np.ndarray, "k"]:
    """What one recording says of numbers by their names."""
    result = fit.result
    by_kind = {"offset": result.offsets, "compliance": result.compliances}
    split = (name.split(" ") for name in names)
    return np.array([by_kind[kind][JOINT_NAMES.index(joint)] for kind, joint in split])


def _require_agreement(
    fits: Sequence[HandEyeFit], names: Sequence[str], values: np.ndarray, covariance: np.ndarray
) -> None:
    for number, fit in enumerate(fits, 1):
        off = np.abs(values_of(fit, names) - values)
        sigma = np.sqrt(np.diag(fit.result.covariance_of(names)) + np.diag(covariance))
        worst = int(np.argmax(off / sigma))
        if off[worst] > _APART * sigma[worst]:
            raise CalibrationError(
                f"{names[worst]}: recording {number} is {1e3 * off[worst]:.1f} mrad from the others, "
                f"{off[worst] / sigma[worst]:.0f} times its doubt; was the arm taken apart, or a servo's zero set, "
                "between them? take all recordings anew"
            )


# Two numbers more lower chi2 by so much once in a thousand times.
_GAIN = 14.0
_APART = 5.0
