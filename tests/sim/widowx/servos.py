"""Servos to try things on."""

import pytest

from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import OperatingMode, Register
from sim.widowx.memory import Refused
from sim.widowx.packet import StatusError
from sim.widowx.servo import EmulatedServo
from tests.sim.widowx.registers import FreeJoint, get, put


def servo(name: str = "waist") -> EmulatedServo:
    return EmulatedServo(wx250s.servo(name))


def turning(name: str = "waist", mode: OperatingMode = OperatingMode.POSITION) -> FreeJoint:
    """A servo with torque in a mode, on a free wheel."""
    joint = FreeJoint(servo(name))
    put(joint.servo, ct.OPERATING_MODE, mode)
    put(joint.servo, ct.TORQUE_ENABLE, 1)
    return joint


def refusal(servo: EmulatedServo, register: Register, value: int) -> StatusError:
    before = get(servo, register)
    with pytest.raises(Refused) as raised:
        put(servo, register, value)
    assert get(servo, register) == before
    return raised.value.error
