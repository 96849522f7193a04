"""The truth about a scene at one moment."""

from typing import Any

import mujoco
import numpy as np

from clam_robot.hardware.arm_model import TOOL_SITE
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.contacts import ArmContacts
from sim.widowx.truth import TwinState, Vector

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco


def twin_state(physics: ArmPhysics, contacts: ArmContacts) -> TwinState:
    """Everything there is to know, now."""
    data, servos = physics.data, physics.servos
    judgement = physics.task.judge(physics.model, data)
    return TwinState(
        time=physics.time,
        position=tuple(physics.arm_position.tolist()),
        velocity=tuple(physics.arm_velocity.tolist()),
        torque=tuple(physics.joint_torque.tolist()),
        finger=physics.finger,
        tool=_tool(physics),
        contacts=contacts.now(),
        objects={
            name: tuple(data.body(name).xpos.tolist() + data.body(name).xquat.tolist()) for name in _free(physics)
        },
        points={name: tuple(point.tolist()) for name, point in physics.task.points(physics.model, data).items()},
        temperature=tuple(servo.motor.temperature for servo in servos),
        errors=tuple(int(servo.errors) for servo in servos),
        torque_on=tuple(servo.is_torque_on for servo in servos),
        voltage=physics.voltage,
        success=judgement.success,
        reward=judgement.reward,
    )


def _tool(physics: ArmPhysics) -> Vector:
    site = physics.data.site(TOOL_SITE)
    quaternion = np.zeros(4)
    _MJ.mju_mat2Quat(quaternion, site.xmat)
    return tuple(site.xpos.tolist() + quaternion.tolist())


def _free(physics: ArmPhysics) -> list[str]:
    """Names of the bodies that nothing holds."""
    model = physics.model
    free = (model.jnt_bodyid[i] for i in range(model.njnt) if model.jnt_type[i] == _MJ.mjtJoint.mjJNT_FREE)
    return [model.body(body).name for body in free]
