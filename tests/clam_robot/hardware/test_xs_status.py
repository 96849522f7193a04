"""Health through the node costs little when nothing happens, and everything is read anew when something does."""

import threading
from typing import Any, cast

import pytest

from clam_robot.hardware import control_table as table
from clam_robot.hardware.control_table import HardwareError, Register
from clam_robot.hardware.servo_status import REGISTERS
from clam_robot.hardware.xs_core import XsCore, XsNode
from clam_robot.hardware.xs_groups import MOTORS
from clam_robot.hardware.xs_status import StatusReader


class ScriptedNode(XsNode):
    """Registers in a dictionary; counts how often each is read."""

    def __init__(self) -> None:
        super().__init__(cast(Any, _NoCore()), "scripted")
        self.values = {register.name: dict.fromkeys(MOTORS, 0) for register in REGISTERS}
        self.reads: list[str] = []
        self.fails_at: Register | None = None

    def read(self, register: Register) -> dict[str, int]:
        if register is self.fails_at:
            raise TimeoutError(register.name)
        self.reads.append(register.name)
        return dict(self.values[register.name])


class _NoCore:
    pub_group = pub_single = None

    def __getattr__(self, name: str) -> object:
        if name.startswith("robot_"):
            return threading.Event
        raise AttributeError(name)


assert isinstance(_NoCore(), XsCore)


@pytest.fixture
def node() -> ScriptedNode:
    return ScriptedNode()


def test_the_first_reading_is_of_everything_and_the_next_ones_of_little(node: ScriptedNode) -> None:
    reader = StatusReader(node)
    assert [each.name for each in reader.read()] == list(MOTORS)
    assert sorted(node.reads) == sorted(register.name for register in REGISTERS)
    node.reads.clear()
    for _ in range(5):
        reader.read()
    assert len(node.reads) == 15
    assert node.reads.count("Hardware_Error_Status") == node.reads.count("Torque_Enable") == 5
    assert {"Present_Temperature", "Profile_Velocity", "Operating_Mode"} <= set(node.reads)
    assert "Model_Number" not in node.reads


def test_what_changes_slowly_is_seen_within_five_readings(node: ScriptedNode) -> None:
    reader = StatusReader(node)
    reader.read()
    node.values["Present_Temperature"]["elbow"] = 61
    assert 61.0 in [next(each for each in reader.read() if each.name == "elbow").temperature for _ in range(5)]


@pytest.mark.parametrize("register", [table.TORQUE_ENABLE, table.HARDWARE_ERROR_STATUS])
def test_when_something_happens_everything_is_read_anew(node: ScriptedNode, register: Register) -> None:
    node.values["Profile_Velocity"] = dict.fromkeys(MOTORS, 200)
    reader = StatusReader(node)
    reader.read()
    node.values[register.name]["waist"] = 1
    node.values["Profile_Velocity"]["waist"] = 0
    waist = reader.read()[0]
    assert waist.profile_velocity == 0
    assert waist.is_torque_on or waist.error == HardwareError.INPUT_VOLTAGE


def test_after_settings_were_written_everything_is_read_anew(node: ScriptedNode) -> None:
    reader = StatusReader(node)
    reader.read()
    node.values["Profile_Velocity"] = dict.fromkeys(MOTORS, 300)
    reader.forget()
    assert {each.profile_velocity for each in reader.read()} == {300}


def test_half_a_reading_is_none(node: ScriptedNode) -> None:
    reader = StatusReader(node)
    reader.read()
    node.values["Profile_Velocity"] = dict.fromkeys(MOTORS, 300)
    node.fails_at = table.HARDWARE_ERROR_STATUS
    with pytest.raises(TimeoutError):
        reader.read()
    node.fails_at = None
    assert {each.profile_velocity for each in reader.read()} == {300}
