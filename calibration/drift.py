"""How far a board is from where a calibration has it, and what that may come from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform
from scipy.stats import chi2

from calibration.board_measurement import BoardMeasurement, middle_of
from clam_robot import config
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.camera_calibration import BoardReference, CameraCalibration, HandEyeCalibration
from clam_robot.hardware.kinematics import tool_pose

# An arm that comes back to a pose is off by as much [rad], [m].
_ARM_TURN, _ARM_SHIFT = 2e-3, 1e-3
_SAME_POSE = 5e-3  # [rad]
UNLIKELY = 1e-3  # p-value below which noise alone does not explain a drift
_WORSE = 2.0  # times as large residuals are of another lens or board
_FEW_PIXELS = 0.3


@dataclass(frozen=True, kw_only=True)
class Tolerance(config.Strict):
    """What is still no drift.

    Attributes:
        shift: of the board's middle [m].
        turn: of the board [rad].
    """

    shift: float = 0.002
    turn: float = 0.004


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """Where a board should be.

    Attributes:
        T_camera_board: its pose in the camera's frame.
        covariance: as of a `BoardMeasurement`.
        rms: of the corners then [pixel].
        source: what says so.
    """

    T_camera_board: RigidTransform
    covariance: Float64[np.ndarray, "6 6"]
    rms: float
    source: str


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
        return _of_reference(known, known.board.transform(), np.zeros((6, 6)))
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
        return _of_reference(known, moved * known.board.transform(), np.diag([_ARM_TURN**2] * 3 + [_ARM_SHIFT**2] * 3))
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
        covariance=_of_camera(place, measured) + np.diag([_ARM_TURN**2] * 3 + [_ARM_SHIFT**2] * 3),
        rms=place.rms,
        source=f"hand-eye calibration of {place.made_at}",
    )


def find_drift(measured: BoardMeasurement, expected: Expected, tolerance: Tolerance) -> Drift:
    """Compare."""
    middle = middle_of(measured.board)
    shift = measured.T_camera_board.apply(middle) - expected.T_camera_board.apply(middle)
    turn = (measured.T_camera_board.rotation * expected.T_camera_board.rotation.inv()).as_rotvec()
    covariance = measured.covariance + expected.covariance
    both = np.concatenate([turn, shift])
    p_value = float(chi2.sf(both @ np.linalg.solve(covariance, both), 6))
    is_large = float(np.linalg.norm(shift)) > tolerance.shift or float(np.linalg.norm(turn)) > tolerance.turn
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
        is_drift=is_large and p_value < UNLIKELY,
        source=expected.source,
    )


def probable_cause(drifts: Mapping[str, Drift], mounts: Mapping[str, str]) -> str:
    """As far as it can be told from all cameras that looked at one board; "" where nothing drifted."""
    bad = [name for name, drift in drifts.items() if drift.fits_badly]
    moved = [name for name, drift in drifts.items() if drift.is_drift and not drift.fits_badly]
    parts = [
        f"{name}: corners fit no pose of the board as well as before; its lens changed (focus, zoom, size of the "
        "picture), or the board is bent or another"
        for name in bad
    ]
    if moved and len(moved) == len(drifts) and len(drifts) > 1:
        parts.append("the board moved: all cameras see it elsewhere")
    elif moved and len(drifts) > 1:
        parts += [
            f"{name}: {_holder(mounts[name])} moved, as another camera sees the board where it was" for name in moved
        ]
    elif moved:
        parts.append(
            f"{moved[0]}: the board or {_holder(mounts[moved[0]])} moved; one camera cannot tell which, another one "
            "that sees the same board can"
        )
    return "; ".join(parts)


def _holder(mount: str) -> str:
    return "its stand" if mount == "stand" else "its mount on the wrist, or a joint's zero,"


def _of_reference(known: BoardReference, pose: RigidTransform, more: np.ndarray) -> Expected:
    return Expected(
        T_camera_board=pose,
        covariance=np.array(known.covariance) + more,
        rms=known.rms,
        source=f"board as of {known.made_at}",
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
