"""The arm as a MuJoCo model, for inverse kinematics on the robot PC and for the simulated scene."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import mujoco

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

MJCF_PATH = Path(str(files("clam_robot.hardware"))) / "wx250s.xml"

BASE_BODY = "base_link"
TOOL_SITE = "tool"  # between the finger tips
EE_ARM_SITE = "ee_arm"  # where the wrist ends and the gripper begins
FINGER_JOINTS = ("left_finger", "right_finger")  # their positions are +x and -x of `wx250s.finger_position`
TOTAL_MASS = 2.14  # [kg]


def arm_spec() -> Any:  # noqa: ANN401
    """A fresh `mujoco.MjSpec` of the arm alone, base_link at the origin, to be attached to a scene or compiled."""
    return _MJ.MjSpec.from_file(str(MJCF_PATH))


def arm_model() -> Any:  # noqa: ANN401
    """The `mujoco.MjModel` of the arm alone: six hinges of `wx250s.JOINT_NAMES` [rad] and two fingers [m], in order."""
    return arm_spec().compile()
