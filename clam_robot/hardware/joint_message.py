"""A `sensor_msgs/JointState` of an xs_sdk node as a `JointState`."""

from typing import Any

import numpy as np

from clam_robot.errors import DriverError
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import CURRENT_UNIT
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.xs_groups import FINGERS

_NAMES = (*wx250s.JOINT_NAMES, wx250s.GRIPPER)
# The node says mA of every servo, but the register of an XL430, which has no current sensor, is load [0.1 %].
_EFFORT = np.array([1.0 / CURRENT_UNIT if wx250s.servo(name).model == wx250s.XL430 else 1.0 for name in _NAMES])


def joint_state_of(time: float, message: Any) -> JointState:  # noqa: ANN401
    """What a message says of the arm.

    Args:
        time: when it came [s].
        message: names, positions [rad, fingers m], velocities [rad/s] and efforts [mA], all of one length.

    Raises:
        DriverError: a joint is missing, a vector has another length, or a number is none; says which.
    """
    index = {name: place for place, name in enumerate(message.name)}
    missing = [name for name in (*_NAMES, FINGERS[0]) if name not in index]
    if missing:
        raise DriverError(f"they have no {', '.join(missing)}, only {', '.join(message.name) or 'nothing'}")
    places = [index[name] for name in _NAMES]
    vectors = []
    for what in ("position", "velocity", "effort"):
        values = np.array(getattr(message, what), np.float64)
        if values.shape != (len(message.name),):
            raise DriverError(f"{what}: expected {len(message.name)} numbers, one for each name, found {values.size}")
        for name in (*_NAMES, FINGERS[0]):
            if not np.isfinite(values[index[name]]):
                raise DriverError(f"{what} of {name} is {values[index[name]]}")
        vectors.append(values)
    position, velocity, effort = (values[places] for values in vectors)
    effort = effort * _EFFORT
    return JointState(
        time=time,
        position=position[:-1],
        velocity=velocity[:-1],
        effort=effort[:-1],
        finger=float(vectors[0][index[FINGERS[0]]]),
        gripper_effort=float(effort[-1]),
    )
