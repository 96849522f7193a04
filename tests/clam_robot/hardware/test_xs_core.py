"""Services that answer wrongly, late or not at all are named errors in time."""

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from clam_robot.errors import DriverError, NodeUnavailable
from clam_robot.hardware import control_table as table
from clam_robot.hardware.xs_core import XsNode
from clam_robot.hardware.xs_groups import GROUPS


class ScriptedCore:
    """Answers every request for registers alike."""

    pub_group: Any = None
    pub_single: Any = None

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def robot_get_motor_registers(self, cmd_type: str, name: str, reg: str) -> Any:  # noqa: ANN401
        if isinstance(self.answer, threading.Event):
            self.answer.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def robot_set_motor_registers(self, cmd_type: str, name: str, reg: str, value: int) -> None: ...

    def robot_get_robot_info(self, cmd_type: str, name: str) -> Any: ...  # noqa: ANN401

    def robot_write_commands(self, group_name: str, commands: Sequence[float]) -> None: ...

    def robot_write_joint_command(self, joint_name: str, command: float) -> None: ...

    def robot_set_operating_modes(self, *arguments: object) -> None: ...

    def robot_torque_enable(self, cmd_type: str, name: str, enable: bool) -> None: ...

    def robot_reboot_motors(self, cmd_type: str, name: str, enable: bool, smart_reboot: bool) -> None: ...


def values(count: int) -> SimpleNamespace:
    return SimpleNamespace(values=[7] * count)


@pytest.mark.parametrize("count", [0, 1, len(GROUPS["all"]) - 1, len(GROUPS["all"]) + 1])
def test_an_answer_of_another_length_is_a_named_error(count: int) -> None:
    with pytest.raises(DriverError, match="xs_sdk of /arm could not read Present_Temperature of all"):
        XsNode(ScriptedCore(values(count)), "arm").read(table.PRESENT_TEMPERATURE)


@pytest.mark.parametrize(
    "answer", [None, SimpleNamespace(), SimpleNamespace(values=[float("nan")]), ConnectionResetError("gone")]
)
def test_an_answer_that_makes_no_sense_is_a_named_error(answer: object) -> None:
    with pytest.raises(NodeUnavailable, match=r"service get_motor_registers of /arm failed .*node and the ROS master"):
        XsNode(ScriptedCore(answer), "arm").read(table.PRESENT_TEMPERATURE)


def test_no_answer_is_given_up() -> None:
    never = threading.Event()
    try:
        with pytest.raises(NodeUnavailable, match=r"no answer within 0.05 s"):
            XsNode(ScriptedCore(never), "arm", timeout=0.05).read(table.PRESENT_TEMPERATURE)
    finally:
        never.set()


def test_a_register_that_was_not_kept_is_named() -> None:
    class Answering(ScriptedCore):
        def robot_get_motor_registers(self, cmd_type: str, name: str, reg: str) -> Any:  # noqa: ANN401
            return values(len(GROUPS[name]) if cmd_type == "group" else 1)

    with pytest.raises(DriverError, match="waist did not keep Profile_Velocity: wrote 25, read back 7"):
        XsNode(Answering(None), "arm").write_arm(table.PROFILE_VELOCITY, 25)
