"""Whether the arm is the one the numbers describe: registers read back, and small moves along and about every axis."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from clam_robot import config
from clam_robot.errors import SelfTestFailed
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import MODEL_NUMBERS, OperatingMode
from clam_robot.hardware.joint_driver import JointState, ServoStatus
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.pose_change import difference
from clam_robot.hardware.widowx_spec import POSE_ACTION

logger = logging.getLogger(__name__)

# Moves the arm by an action, waits until it rests, and says where the joints are.
Move = Callable[[Float32[np.ndarray, "7"]], JointState]


@dataclass(frozen=True, kw_only=True)
class SelfTestConfig(config.Strict):
    """What is tried and what is let pass.

    Attributes:
        distance: along each axis, to and fro [m].
        angle: about each axis, to and fro [rad].
        distance_error: largest difference between move and joint kinematics [m].
        angle_error: the same for turns [rad].
        limit_error: largest difference between position limits in the servos and the published ones [rad].
    """

    distance: float = 0.01
    angle: float = 0.0873
    distance_error: float = 0.004
    angle_error: float = 0.03
    limit_error: float = 0.05


def check_registers(servos: Sequence[ServoStatus], setup: SelfTestConfig) -> None:
    """Compare models, firmware, modes and limits with the arm's.

    Raises:
        SelfTestFailed: names every servo that differs, what was expected and what was found.
    """
    wrong: list[str] = []
    for expected, found in zip(wx250s.SERVOS, servos, strict=True):
        model = MODEL_NUMBERS[expected.model]
        mode = OperatingMode.PWM if expected.name == wx250s.GRIPPER else OperatingMode.POSITION
        if found.model != model:
            wrong.append(f"{expected.name}: expected model {model} ({expected.model}), found {found.model}")
        if found.firmware == 0:
            wrong.append(f"{expected.name}: no firmware version")
        if found.operating_mode != mode:
            wrong.append(f"{expected.name}: expected operating mode {mode:d}, found {found.operating_mode}")
        if expected.name == wx250s.GRIPPER:
            continue
        for what, count, limit in (
            ("lower", expected.low_count, found.low),
            ("upper", expected.high_count, found.high),
        ):
            published = (count - wx250s.ZERO_COUNT) * wx250s.COUNT
            if abs(limit - published) > setup.limit_error:
                wrong.append(f"{expected.name}: expected {what} limit {published:.2f} rad, found {limit:.2f}")
    if wrong:
        raise SelfTestFailed(
            f"this is not the arm the software knows: {'; '.join(wrong)}. Check the servos' ids and settings"
        )
    logger.info("self-test: models, firmware, modes and limits of %d servos are right", len(servos))


def check_motion(move: Move, setup: SelfTestConfig) -> list[float]:
    """Move to and fro along and about every axis, and compare joint kinematics with what was asked for.

    Args:
        move: from where the arm has room.
        setup: what is tried and let pass.

    Returns:
        The largest error of each axis, in the order of the action [m, rad].

    Raises:
        SelfTestFailed: names the axis, what was asked for and what the joints did.
    """
    still = np.append(np.zeros(6), 1.0).astype(np.float32)
    errors: list[float] = []
    before = tool_pose(move(still).position)
    for axis, name in enumerate(POSE_ACTION):
        size, largest = (setup.distance, setup.distance_error) if axis < 3 else (setup.angle, setup.angle_error)
        worst = 0.0
        for sign in (1.0, -1.0):
            action = still.copy()
            action[axis] = sign * size
            after = tool_pose(move(action).position)
            moved = difference(before, after)
            error = np.abs(moved - action[:6])
            if error[:3].max() > setup.distance_error or error[3:].max() > setup.angle_error:
                raise SelfTestFailed(
                    f"{name}: asked for {action[axis]:+.4f}, the joints moved the tool by "
                    f"{np.array2string(moved, precision=4, suppress_small=True)} (dx dy dz droll dpitch dyaw); "
                    "check signs, zero positions and what the arm may have touched"
                )
            worst = max(worst, float(error[axis]))
            before = after
        errors.append(worst)
        logger.info("self-test: %s within %.4f of %.4f (allowed %.4f)", name, worst, size, largest)
    return errors
