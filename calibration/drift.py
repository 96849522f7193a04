"""How far a board is from where a calibration has it, and what that may come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform
from scipy.stats import chi2

from calibration.board_measurement import BoardMeasurement, middle_of
from clam_robot import config
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.camera_calibration import BoardReference, CameraCalibration, HandEyeCalibration
from clam_robot.hardware.kinematics import tool_pose

# An arm that comes back to a pose is off by as much [rad], [m].
_OF_ARM = np.diag([2e-3**2] * 3 + [1e-3**2] * 3)
_SAME_POSE = 5e-3  # [rad]
UNLIKELY = 1e-3  # p-value below which noise alone does not explain a drift
_WORSE = 2.0  # times as large residuals are of another lens or board
_FEW_PIXELS = 0.3
_SHIFT, _SHIFT_BY_ARM, _TURN = 0.002, 0.004, 0.008  # that is tolerated [m], [rad]
_SURE = 2.0  # standard deviations from which a drift along one direction is told

Verdict = Literal["as it was", "drifted", "cannot tell"]


@dataclass(frozen=True, kw_only=True)
class Tolerance(config.Strict):
    """What is still no drift.

    Attributes:
        shift: of the board's middle [m]; 0.002 by default, 0.004 where the arm is between camera and board.
        turn: of the board [rad]; 0.008 by default.
    """

    shift: float | None = None
    turn: float | None = None

    def __post_init__(self) -> None:
        if not all(each is None or each > 0.0 for each in (self.shift, self.turn)):
            raise ConfigError(f"tolerance: expected more than 0, found {self.shift} m and {self.turn} rad")

    def numbers(self, is_through_arm: bool) -> tuple[float, float]:
        """Of shift [m] and turn [rad]."""
        usual = _SHIFT_BY_ARM if is_through_arm else _SHIFT
        return self.shift or usual, self.turn or _TURN


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """Where a board should be.

    Attributes:
        T_camera_board: its pose in the camera's frame.
        covariance: as of a `BoardMeasurement`.
        rms: of the corners then [pixel].
        source: what says so.
        is_through_arm: it does by what the arm says of its joints.
    """

    T_camera_board: RigidTransform
    covariance: Float64[np.ndarray, "6 6"]
    rms: float
    source: str
    is_through_arm: bool


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How far it is from there.

    Attributes:
        shift: of the board's middle against the camera, along the camera's x, y, z [m].
        turn: about them [rad].
        shift_sigma: standard deviation of its length, by what is known of both [m].
        turn_sigma: [rad].
        p_value: how often noise alone does as much or more.
        rms: of the corners now [pixel].
        rms_before: of the corners then [pixel].
        tolerance: of shift [m] and turn [rad].
        told_from: the least shift [m] and turn [rad] that would be told from none, in the direction known worst.
        is_drift: not explained by noise (p-value below `UNLIKELY`), and more than tolerated.
        source: what the board was compared with.
    """

    shift: tuple[float, float, float]
    turn: tuple[float, float, float]
    shift_sigma: float
    turn_sigma: float
    p_value: float
    rms: float
    rms_before: float
    tolerance: tuple[float, float]
    told_from: tuple[float, float]
    is_drift: bool
    source: str

    @property
    def distance(self) -> float:
        """Of the shift [m]."""
        return float(np.linalg.norm(self.shift))

    @property
    def angle(self) -> float:
        """Of the turn [rad]."""
        return float(np.linalg.norm(self.turn))

    @property
    def verdict(self) -> Verdict:
        """Drift that could not be told from noise is none that was excluded."""
        if self.is_drift or self.fits_badly:
            return "drifted"
        sizes = (self.distance, self.angle)
        is_sure = all(
            max(size, least) <= most for size, least, most in zip(sizes, self.told_from, self.tolerance, strict=True)
        )
        return "as it was" if is_sure else "cannot tell"

    @property
    def doubt(self) -> str:
        """Why it cannot be told, and what to do."""
        least, most = ([1e3 * each for each in pair] for pair in (self.told_from, self.tolerance))
        return (
            f"against the {self.source} a shift is told from {least[0]:.1f} mm and a turn from {least[1]:.1f} mrad on, "
            f"{most[0]:.1f} mm and {most[1]:.1f} mrad are tolerated; look longer at more pictures (--seconds, "
            "--pictures), or fix the board nearer to the camera and --remember it anew, or judge by what can be told: "
            f"--tolerance.shift {_up(max(self.told_from[0], self.distance))} --tolerance.turn "
            f"{_up(max(self.told_from[1], self.angle))}"
        )

    @property
    def fits_badly(self) -> bool:
        """Whether no pose draws the corners as well as then: another lens, or another or a bent board."""
        return self.rms > _WORSE * max(self.rms_before, _FEW_PIXELS)


def expected_board(
    camera: CameraCalibration, joints: Float64[np.ndarray, "6"] | None, measured: BoardMeasurement
) -> Expected:
    """Where the calibration has the board.

    Args:
        camera: as calibrated.
        joints: where the arm is [rad]; None where nobody knows.
        measured: what was seen now; says how far the board is.

    Raises:
        CalibrationError: the calibration does not say, or not without the arm.
    """
    known, place = camera.reference, camera.hand_eye
    if known is not None and known.joints is None:
        return _of_reference(known, known.board.transform(), None)
    if known is not None:
        if joints is None:
            raise CalibrationError("the camera moves with the arm: the arm has to tell where it is; give its --port")
        then = np.array(known.joints)
        wanted = ", ".join(f"{each:.3f}" for each in then)
        if place is not None:
            moved = _on_wrist(place, joints).inv() * _on_wrist(place, then)
        elif np.abs(joints - then).max() <= _SAME_POSE:
            moved = RigidTransform.identity()
        else:
            raise CalibrationError(
                "the arm is elsewhere than when the board was remembered, and where the camera is on it is not known; "
                f"bring the joints to {wanted} rad, or run `clam calibrate hand-eye`"
            )
        return _of_reference(known, moved * known.board.transform(), _OF_ARM)
    if place is None:
        raise CalibrationError("nothing to compare with; show a board that stays where it is, and add --remember")
    if joints is None:
        raise CalibrationError(
            "the board of the hand-eye calibration is known in the arm's frame: give the arm's --port, or show a board "
            "that stays where it is once with --remember"
        )
    if place.mount == "wrist":
        pose = _on_wrist(place, joints).inv() * place.board.transform()
    else:
        pose = place.camera.transform().inv() * tool_pose(joints) * place.board.transform()
    return Expected(
        T_camera_board=pose,
        covariance=_of_camera(place, measured) + _OF_ARM,
        rms=place.rms,
        source=f"hand-eye calibration of {place.made_at}",
        is_through_arm=True,
    )


def find_drift(measured: BoardMeasurement, expected: Expected, tolerance: Tolerance) -> Drift:
    """Compare."""
    middle = middle_of(measured.board)
    shift = measured.T_camera_board.apply(middle) - expected.T_camera_board.apply(middle)
    turn = (measured.T_camera_board.rotation * expected.T_camera_board.rotation.inv()).as_rotvec()
    covariance = measured.covariance + expected.covariance
    both = np.concatenate([turn, shift])
    p_value = float(chi2.sf(both @ np.linalg.solve(covariance, both), 6))
    most = tolerance.numbers(expected.is_through_arm)
    is_large = float(np.linalg.norm(shift)) > most[0] or float(np.linalg.norm(turn)) > most[1]
    x, y, z = (float(each) for each in shift)
    a, b, c = (float(each) for each in turn)
    return Drift(
        shift=(x, y, z),
        turn=(a, b, c),
        shift_sigma=float(np.sqrt(np.trace(covariance[3:, 3:]))),
        turn_sigma=float(np.sqrt(np.trace(covariance[:3, :3]))),
        p_value=p_value,
        rms=measured.rms,
        rms_before=expected.rms,
        tolerance=most,
        told_from=(_worst(covariance[3:, 3:]), _worst(covariance[:3, :3])),
        is_drift=is_large and p_value < UNLIKELY,
        source=expected.source,
    )


def probable_cause(drifts: Mapping[str, Drift], mounts: Mapping[str, str]) -> str:
    """As far as it can be told from all cameras that looked at one board; "" where nothing drifted."""
    bad = [name for name, drift in drifts.items() if drift.fits_badly]
    moved = [name for name, drift in drifts.items() if drift.is_drift and not drift.fits_badly]
    still = [name for name, drift in drifts.items() if drift.verdict == "as it was"]
    parts = [
        f"{name}: corners fit no pose of the board as well as before; its lens changed (focus, zoom, size of the "
        "picture), or the board is bent or another"
        for name in bad
    ]
    if moved and len(moved) == len(drifts) and len(drifts) > 1:
        parts.append("the board moved: all cameras see it elsewhere")
    elif moved and still:
        parts += [
            f"{name}: {_holder(mounts[name])} moved, as another camera sees the board where it was" for name in moved
        ]
    else:
        parts += [
            f"{name}: the board or {_holder(mounts[name])} moved; one camera cannot tell which, another one that sees "
            "the same board can"
            for name in moved
        ]
    return "; ".join(parts)


def _worst(covariance: Float64[np.ndarray, "3 3"]) -> float:
    """Least that is told from nothing in the direction that is known worst."""
    return _SURE * float(np.sqrt(np.linalg.eigvalsh(covariance)[-1]))


def _up(value: float) -> str:
    """Rounded up, so that it is enough: to tenths of a millimetre or milliradian."""
    return f"{np.ceil(value * 1e4) * 1e-4:.4f}"


def _holder(mount: str) -> str:
    return "its stand" if mount == "stand" else "its mount on the wrist, or a joint's zero,"


def _of_reference(known: BoardReference, pose: RigidTransform, more: np.ndarray | None) -> Expected:
    return Expected(
        T_camera_board=pose,
        covariance=np.array(known.covariance) + (0.0 if more is None else more),
        rms=known.rms,
        source=f"board as of {known.made_at}",
        is_through_arm=more is not None,
    )


def _on_wrist(place: HandEyeCalibration, joints: Float64[np.ndarray, "6"]) -> RigidTransform:
    return tool_pose(joints) * place.camera.transform()


def _of_camera(place: HandEyeCalibration, measured: BoardMeasurement) -> Float64[np.ndarray, "6 6"]:
    """What the camera's own doubt makes of the board's middle before it."""
    into_camera = place.camera.transform().rotation.inv().as_matrix()
    x, y, z = measured.T_camera_board.apply(middle_of(measured.board))
    lever = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    effect = np.zeros((6, 6))
    effect[:3, :3], effect[3:, :3], effect[3:, 3:] = np.eye(3), -lever, into_camera
    return effect @ np.array(place.covariance) @ effect.T
