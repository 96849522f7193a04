"""What was found out about one camera."""

from dataclasses import dataclass
from typing import Literal

from clam_robot import config
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.calibration.pose import Pose

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class IntrinsicsCalibration(config.Strict):
    """A camera's own numbers, and how well they are known.

    Attributes:
        intrinsics: of the camera.
        source: "fitted" to views of a board, or the "factory"'s.
        model: which numbers were free, beside focal lengths and centre.
        covariance: of fx, fy, cx, cy [pixel], k1, k2, p1, p2, k3; 0 where a number was not free.
        corner_noise: standard deviation of a corner along one axis [pixel].
        rms: of the corners' distances from where they should be [pixel].
        view_rms: the same for each view; null of one that was left out.
        board: that was looked at; lengths [m].
        made_at: UTC, ISO 8601.
    """

    intrinsics: Intrinsics
    source: Literal["fitted", "factory"]
    model: str
    covariance: Rows
    corner_noise: float
    rms: float
    view_rms: tuple[float | None, ...]
    board: dict[str, int | float | str]
    made_at: str


@dataclass(frozen=True, kw_only=True)
class HandEyeCalibration(config.Strict):
    """Where a camera is.

    The camera's frame has x to the right of its picture, y down, z forwards. Waist and wrist_rotate are taken as the
    arm reports them: an offset of theirs turns base or hand, and is contained in the poses.

    Attributes:
        mount: "wrist": the pose is that in the tool's frame; "stand": that in the base's.
        camera: pose of the camera.
        covariance: of its turn about the camera's x, y, z [rad], then of its shift along the parent's x, y, z [m].
        board: pose of the board, in the base's frame for a camera on the wrist, in the tool's for one on a stand.
        offsets: true minus reported position of joints [rad], as far as they were found.
        offset_sigmas: their standard deviations [rad].
        unobservable: joints whose offset no camera can tell.
        rms: of the corners' distances from where they should be [pixel].
        misfit: squared residuals over what the noise explains; about 1 where all is well.
        held_out_position: rms error of the board's position in views that were not used [m].
        held_out_angle: of its orientation [rad].
        view_rms: of the corners' distances, by view [pixel].
        solvers: by name of a closed-form solver, its distance from the refined camera [m], [rad]; null where it failed.
        scale: size of the board as the arm's motion has it, against what it should be, and its standard deviation.
        board_size: of the board that was looked at; lengths [m].
        made_at: UTC, ISO 8601.
    """

    mount: Literal["wrist", "stand"]
    camera: Pose
    covariance: Rows
    board: Pose
    offsets: dict[str, float]
    offset_sigmas: dict[str, float]
    unobservable: tuple[str, ...]
    rms: float
    misfit: float
    held_out_position: float
    held_out_angle: float
    view_rms: tuple[float, ...]
    solvers: dict[str, tuple[float, float] | None]
    scale: tuple[float, float]
    board_size: dict[str, int | float | str]
    made_at: str


@dataclass(frozen=True, kw_only=True)
class BoardReference(config.Strict):
    """A board that stays where it is, as a camera once saw it.

    Attributes:
        board: its pose in the camera's frame.
        covariance: of its turn about the camera's axes, at its middle [rad], then of its middle's shift along them [m].
        rms: of the corners' distances from where they should be [pixel].
        joints: where the arm was, for a camera on the wrist [rad]; None for one on a stand.
        board_size: of the board; lengths [m].
        made_at: UTC, ISO 8601.
    """

    board: Pose
    covariance: Rows
    rms: float
    joints: tuple[float, ...] | None
    board_size: dict[str, int | float | str]
    made_at: str


@dataclass(frozen=True, kw_only=True)
class CameraCalibration(config.Strict):
    """One camera.

    Attributes:
        serial: what tells it from others; see `Camera.serial`.
        intrinsics: its own numbers.
        hand_eye: where it is; None where that was not looked for.
        reference: board that `clam calibrate check` compares with; None where none was shown.
    """

    serial: str
    intrinsics: IntrinsicsCalibration
    hand_eye: HandEyeCalibration | None = None
    reference: BoardReference | None = None
