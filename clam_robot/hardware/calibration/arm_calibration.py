"""What was found out about the arm itself: its joints, the servos that hold them, its gripper."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.wx250s import JOINT_NAMES, NUM_JOINTS

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class JointCalibration(config.Strict):
    """Where joints are, against where they report to be: reported, and offset, and compliance times gravity's torque.

    Waist and wrist_rotate have no offset here. One of the waist turns everything that stands in the base's frame, one
    of wrist_rotate everything that the hand carries: the poses of cameras and boards contain it.

    Attributes:
        offsets: true minus reported position by joint [rad].
        compliances: by how much a joint yields to gravity beyond what its encoder sees [rad/Nm]; empty where the
            views do not show that any does.
        covariance: of offsets, then compliances, in their order.
        unobservable: joints whose offset no camera can tell.
        cameras: with whose views they were found.
        num_views: of the board, in all.
        misfit: squared residuals over what the noise explains; about 1 where all is well.
        held_out_position: rms error of the board's position before the camera in views that were not used [m].
        held_out_angle: of its orientation [rad].
        made_at: UTC, ISO 8601.
    """

    offsets: dict[str, float]
    compliances: dict[str, float]
    covariance: Rows
    unobservable: tuple[str, ...]
    cameras: tuple[str, ...]
    num_views: int
    misfit: float
    held_out_position: float
    held_out_angle: float
    made_at: str

    def __post_init__(self) -> None:
        for name, values in (("offsets", self.offsets), ("compliances", self.compliances)):
            if not all(map(math.isfinite, values.values())):
                raise ConfigError(f"{name}: expected finite numbers, found {values}; calibrate again")

    def correction(self, loads: Float64[np.ndarray, "6"]) -> Float64[np.ndarray, "6"]:
        """True minus reported joints under gravity's torque on each [Nm]."""
        return _by_joint(self.offsets) + _by_joint(self.compliances) * loads


@dataclass(frozen=True, kw_only=True)
class ServoCalibration(config.Strict):
    """How far joints hang below their goals.

    Attributes:
        stiffness: of the servos of a joint, gravity's torque over the way from goal to joint [Nm/rad].
        sigmas: their standard deviations.
        num_poses: in which the arm stood still.
        made_at: UTC, ISO 8601.
    """

    stiffness: dict[str, float]
    sigmas: dict[str, float]
    num_poses: int
    made_at: str


@dataclass(frozen=True, kw_only=True)
class GripperCalibration(config.Strict):
    """Where the fingers stop.

    Attributes:
        closed: reported distance of a finger from the middle [m].
        opened: [m].
        sigma: of one stop, from one time to the next [m].
        effort: that they were driven with, as a share of full PWM.
        made_at: UTC, ISO 8601.
    """

    closed: float
    opened: float
    sigma: float
    effort: float
    made_at: str


@dataclass(frozen=True, kw_only=True)
class ArmCalibration(config.Strict):
    """The parts that were calibrated; None where one was not. `CorrectedDriver` applies joints and gripper."""

    joints: JointCalibration | None = None
    servos: ServoCalibration | None = None
    gripper: GripperCalibration | None = None


def _by_joint(values: dict[str, float]) -> Float64[np.ndarray, "6"]:
    every = np.zeros(NUM_JOINTS)
    for name, value in values.items():
        every[JOINT_NAMES.index(name)] = value
    return every
