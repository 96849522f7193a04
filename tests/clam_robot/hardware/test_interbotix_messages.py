"""Messages made from their fields are the vendor's: ROS compares md5 sums, and so do we."""

import io

import pytest
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from clam_robot.hardware.interbotix_messages import MESSAGES, SERVICES, make_class

MD5 = {
    "JointGroupCommand": "fa54c229b7238fc905e59a51a526f379",
    "JointSingleCommand": "79b74399c9cdcc4c0be32d540424ed2e",
    "JointTrajectoryCommand": "039c1a8f9200d555267cf39243b5e969",
    "JointTemps": "2c3b043513eb09ccdff55ab4d97383c3",
    "MotorGains": "7c362297bf8bae149936ba71305f3900",
    "OperatingModes": "cb68bef3d517c840b0a5cc0f73d64e36",
    "Reboot": "229067e7bfb48bf403b702d5f7f1ee93",
    "RegisterValues": "27940ff80d633a7a6df113cf798c0f70",
    "RobotInfo": "873f2223b25122251d4d3641d8411cf6",
    "TorqueEnable": "023452ade9f3d4979c75bd4e0d60f0c9",
}


def test_every_type_has_a_known_sum() -> None:
    assert set(MD5) == set(MESSAGES) | set(SERVICES)


@pytest.mark.parametrize("name", sorted(MD5))
def test_sum_is_the_vendors(name: str) -> None:
    assert make_class(name)._md5sum == MD5[name]


def test_joint_state_of_this_ros_is_the_one_the_vendor_publishes() -> None:
    assert JointState._md5sum == "3066dcd76a6cfaef579bd0f34173e9fd"


def test_messages_survive_the_wire_with_what_they_contain() -> None:
    point = JointTrajectoryPoint(positions=[0.25, -1.0])
    sent = make_class("JointTrajectoryCommand")(
        cmd_type="group", name="arm", traj=JointTrajectory(joint_names=["waist"], points=[point])
    )
    wire = io.BytesIO()
    sent.serialize(wire)
    received = make_class("JointTrajectoryCommand")()
    received.deserialize(wire.getvalue())
    assert received == sent
    assert received.traj.points[0].positions == (0.25, -1.0)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(KeyError):
        make_class("JointGroupCommando")
