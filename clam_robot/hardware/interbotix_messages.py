"""ROS messages and services of the vendor's package `interbotix_xs_msgs`.

The genuine package is used where it is installed. Elsewhere the same classes are made here from the fields alone, with
the generator that ROS itself uses: equal fields give equal md5 sums, which is all that two ROS nodes compare.
"""

import types
from functools import cache
from importlib import import_module
from typing import Any

import genpy.generator
from genmsg.msg_loader import MsgContext, load_msg_from_string, load_srv_from_string
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

PACKAGE = "interbotix_xs_msgs"

MESSAGES = {
    "JointGroupCommand": "string name\nfloat32[] cmd",
    "JointSingleCommand": "string name\nfloat32 cmd",
    "JointTemps": "string[] names\nint32[] temps",
    "JointTrajectoryCommand": "string cmd_type\nstring name\ntrajectory_msgs/JointTrajectory traj",
}

# Request and response, divided by "---".
SERVICES = {
    "MotorGains": "string cmd_type\nstring name\nint32 kp_pos\nint32 ki_pos\nint32 kd_pos\nint32 k1\nint32 k2\n"
    "int32 kp_vel\nint32 ki_vel\n---",
    "OperatingModes": "string cmd_type\nstring name\nstring mode\nstring profile_type\nint32 profile_velocity\n"
    "int32 profile_acceleration\n---",
    "Reboot": "string cmd_type\nstring name\nbool enable\nbool smart_reboot\n---",
    "RegisterValues": "string cmd_type\nstring name\nstring reg\nint32 value\n---\nint32[] values",
    "RobotInfo": "string cmd_type\nstring name\n---\nstring mode\nstring profile_type\nstring[] joint_names\n"
    "int16[] joint_ids\nfloat32[] joint_lower_limits\nfloat32[] joint_upper_limits\nfloat32[] joint_velocity_limits\n"
    "float32[] joint_sleep_positions\nint16[] joint_state_indices\nint16 num_joints\nstring[] name",
    "TorqueEnable": "string cmd_type\nstring name\nbool enable\n---",
}


@cache
def make_class(name: str) -> Any:  # noqa: ANN401
    """The class of a message or service, made from its fields.

    Raises:
        KeyError: neither `MESSAGES` nor `SERVICES` has it.
    """
    context = MsgContext.create_default()
    for known in (Header, JointTrajectoryPoint, JointTrajectory):
        # A full text is the definition, a line of "=", then those it depends on.
        definition = known._full_text.partition("\n" + "=" * 80)[0]
        context.register(known._type, load_msg_from_string(context, definition, known._type))
    full_name = f"{PACKAGE}/{name}"
    if name in MESSAGES:
        generate, load, fields = genpy.generator.msg_generator, load_msg_from_string, MESSAGES[name]
    else:
        generate, load, fields = genpy.generator.srv_generator, load_srv_from_string, SERVICES[name]
    module = types.ModuleType(f"{__name__}.{name}")
    exec("\n".join(generate(context, load(context, fields, full_name), {})), vars(module))  # our own text, above
    return getattr(module, name)


def _class(kind: str, name: str) -> Any:  # noqa: ANN401
    try:
        genuine = import_module(f"{PACKAGE}.{kind}")
    except ModuleNotFoundError:
        return make_class(name)
    return getattr(genuine, name)


JointGroupCommand = _class("msg", "JointGroupCommand")
JointSingleCommand = _class("msg", "JointSingleCommand")
JointTrajectoryCommand = _class("msg", "JointTrajectoryCommand")
MotorGains = _class("srv", "MotorGains")
OperatingModes = _class("srv", "OperatingModes")
Reboot = _class("srv", "Reboot")
RegisterValues = _class("srv", "RegisterValues")
RobotInfo = _class("srv", "RobotInfo")
TorqueEnable = _class("srv", "TorqueEnable")
