"""What a WidowX measures and accepts, as state and action vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.gripper import opening
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.wx250s import JOINT_NAMES, VELOCITY_LIMIT, joint_limits
from clam_robot.specs import AXES, CameraSpec, GripperSpec, RobotSpec, VectorSpec

GRIPPER = "gripper"
POSE_ACTION = ("dx", "dy", "dz", "droll", "dpitch", "dyaw")
_INF = float("inf")


@dataclass(frozen=True, kw_only=True)
class ActionConfig(config.Strict):
    """What an action means.

    Attributes:
        space: "pose": dx, dy, dz, droll, dpitch, dyaw in the base frame, chained on the commanded pose, as the Bridge
            data have it; "joints": changes of the six joints.
        hz: actions per second.
        translation: largest step along each axis [m].
        rotation: largest turn about each axis [rad].
        joint: largest change of a joint [rad].
        gripper: "binary": above one half opens, anything else closes; "continuous": the opening itself.
    """

    space: Literal["pose", "joints"] = "pose"
    hz: float = 10.0
    translation: float = 0.025
    rotation: float = 0.15
    joint: float = 0.12
    gripper: Literal["binary", "continuous"] = "binary"

    def __post_init__(self) -> None:
        if not 1.0 <= self.hz <= 20.0:
            raise ConfigError(f"hz: expected 1 to 20 actions per second, found {self.hz}")
        for name in ("translation", "rotation", "joint"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: expected a positive number, found {getattr(self, name)}")
        if self.joint * self.hz > VELOCITY_LIMIT:
            raise ConfigError(
                f"joint: {self.joint} rad at {self.hz} Hz is more than the joints' {VELOCITY_LIMIT:.2f} rad/s; lower it"
            )


def widowx_spec(
    action: ActionConfig, *, name: str, points: Sequence[str] = (), cameras: Mapping[str, CameraSpec] | None = None
) -> RobotSpec:
    """The spec of a WidowX.

    Args:
        action: what an action means.
        name: of the robot.
        points: further points that are measured on the bench, such as `object`.
        cameras: image size by camera name.
    """
    low, high = joint_limits()
    names = [*JOINT_NAMES, "gripper_opening", *(f"hand_{axis}" for axis in AXES)]
    units = ["rad"] * 6 + ["1"] + ["m"] * 3
    lows = [*low.tolist(), -_INF, *[-1.0] * 3]
    highs = [*high.tolist(), _INF, *[1.0] * 3]
    # Two columns of the rotation matrix: continuous, where angles wrap just as the hand looks down.
    names += [f"hand_rotation{i}" for i in range(6)]
    units += ["1"] * 6
    lows, highs = lows + [-1.0] * 6, highs + [1.0] * 6
    for point in points:
        names += [f"{point}_{axis}" for axis in AXES]
        units, lows, highs = units + ["m"] * 3, lows + [-_INF] * 3, highs + [_INF] * 3
    return RobotSpec(
        name=name,
        state=VectorSpec(names=tuple(names), units=tuple(units), low=tuple(lows), high=tuple(highs)),
        action=_action(action),
        control_hz=action.hz,
        cameras=dict(cameras or {}),
        gripper=GripperSpec(action=GRIPPER, mode=action.gripper, closes="below", threshold=0.5),
    )


def _action(action: ActionConfig) -> VectorSpec:
    if action.space == "joints":
        names, units, high = tuple(f"d{name}" for name in JOINT_NAMES), ("rad",) * 6, (action.joint,) * 6
    else:
        names, units = POSE_ACTION, ("m",) * 3 + ("rad",) * 3
        high = (action.translation,) * 3 + (action.rotation,) * 3
    return VectorSpec(
        names=(*names, GRIPPER),
        units=(*units, "1"),
        low=(*(-each for each in high), 0.0),
        high=(*high, 1.0),
    )


def widowx_state(state: JointState, points: Sequence[Float64[np.ndarray, "3"]] = ()) -> Float32[np.ndarray, "S"]:
    """The state vector of `widowx_spec`.

    Args:
        state: as the servos measured it.
        points: where the bench's points are, in the spec's order [m].
    """
    tool = tool_pose(state.position)
    columns = tool.rotation.as_matrix()[:, :2].T.reshape(-1)
    return np.concatenate([state.position, [opening(state.finger)], tool.translation, columns, *points]).astype(
        np.float32
    )
