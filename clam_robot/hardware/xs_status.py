"""Reads health and settings of all servos through an xs_sdk node, a little at a time.

The vendor's node reads registers one servo after the other, ten milliseconds each, and says nothing of the joints
meanwhile. Asked for everything every time, it would do little else.
"""

import threading
from itertools import cycle

from clam_robot.hardware import control_table as table
from clam_robot.hardware.control_table import Register
from clam_robot.hardware.joint_driver import ServoStatus
from clam_robot.hardware.servo_status import REGISTERS, make_status
from clam_robot.hardware.xs_core import XsNode
from clam_robot.hardware.xs_groups import MOTORS

# What tells that something happened; read every time.
_VITAL = (table.TORQUE_ENABLE, table.HARDWARE_ERROR_STATUS)
_CONSTANT = (table.MODEL_NUMBER, table.FIRMWARE_VERSION, table.MAX_POSITION_LIMIT, table.MIN_POSITION_LIMIT)
_SLOW = tuple(register for register in REGISTERS if register not in (*_VITAL, *_CONSTANT))


class StatusReader:
    """Keeps what does not change, and reads of the rest one register per call; everything when something happened.

    So temperature, voltage, mode and profile are as old as the last five calls; torque and hardware errors are new.

    Args:
        node: of the arm.
    """

    def __init__(self, node: XsNode) -> None:
        self._node = node
        self._known: dict[str, dict[str, int]] = {}
        self._turn = cycle(_SLOW)
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Read everything the next time, as after settings were written."""
        with self._lock:
            self._known = {}

    def read(self) -> tuple[ServoStatus, ...]:
        """Status of all servos, in the order of `wx250s.SERVOS`.

        Raises:
            DriverError: a servo does not answer, or the node.
        """
        with self._lock:
            known, self._known = self._known, {}  # half a reading is none
            vital = self._read(*_VITAL)
            if any(known.get(name) != values for name, values in vital.items()):
                known = self._read(*_CONSTANT, *_SLOW)
            else:
                known |= self._read(next(self._turn))
            self._known = known | vital
            return tuple(
                make_status(name, {register: values[name] for register, values in self._known.items()})
                for name in MOTORS
            )

    def _read(self, *registers: Register) -> dict[str, dict[str, int]]:
        return {register.name: self._node.read(register) for register in registers}
