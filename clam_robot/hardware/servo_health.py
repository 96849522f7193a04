"""Sees what the servos do not say by themselves: hardware errors, torque that went, a gripper that let go.

An overloaded servo answers every read and accepts every goal; it only does not move. Its replies carry an alert bit,
which every read of the stream shows; which error it is, and whether torque is still on, costs a request of its own.
"""

import logging

from clam_robot.hardware import control_table as table
from clam_robot.hardware.control_table import HardwareError
from clam_robot.hardware.sample import Sample
from clam_robot.hardware.servo_bus import ServoBus, name_of
from clam_robot.hardware.servo_setup import GRIPPER_WATCHDOG
from clam_robot.hardware.wx250s import GRIPPER_ID, IDS

_log = logging.getLogger(__name__)
# At 100 reads a second every servo's error, the torque and the watchdog are looked at twice a second.
_EVERY = 5
_TRIGGERED = -1  # of Bus_Watchdog


class ServoHealth:
    """A `watch` of a `BusThread`: at most one request per call (two when it re-arms the gripper).

    Attributes:
        errors: of servos that have any, by id. Logged once by name when it changes.
        limp: ids of servos that lost torque without an error: they restarted, or another program switched them off.
        is_holding: whether torque should be on.
    """

    def __init__(self, bus: ServoBus) -> None:
        self.errors: dict[int, HardwareError] = {}
        self.limp: frozenset[int] = frozenset()
        self.is_holding = False
        self._bus = bus
        self._turn = 0
        self._was_silent = False

    def expect_torque(self, is_on: bool) -> None:
        """From now on torque should be on, or may be off."""
        self.limp, self.is_holding = frozenset(), is_on

    def __call__(self, sample: Sample | None) -> None:
        """Look at one thing.

        Raises:
            ServoSilent: that servo does not answer.
        """
        if sample is None:
            self._was_silent = True
            return
        self._turn += 1
        ids = list(sample.position)
        if self._was_silent:  # it may have been without power meanwhile
            self._was_silent = False
            self._look_at_torque(ids)
        elif unknown := sorted(sample.alerts - self.errors.keys()):
            self._look_at_error(unknown[0])
        elif self._turn % _EVERY == 0:
            slot = self._turn // _EVERY % (len(IDS) + 2)
            if slot == len(IDS):
                self._look_at_torque(ids)
            elif slot > len(IDS):
                self._look_at_gripper()
            elif IDS[slot] in sample.position:
                self._look_at_error(IDS[slot])

    def _look_at_error(self, servo_id: int) -> None:
        error = HardwareError(self._bus.read(servo_id, table.HARDWARE_ERROR_STATUS))
        if error == self.errors.get(servo_id, HardwareError(0)):
            return
        if error:
            self.errors[servo_id] = error
            _log.error(
                "%s has a hardware error: %s; it does not move any more. See what blocks or strains it, then reboot it",
                name_of(servo_id),
                error.name,
            )
        else:
            del self.errors[servo_id]
            _log.warning("%s has no hardware error any more", name_of(servo_id))

    def _look_at_torque(self, ids: list[int]) -> None:
        replies = self._bus.read_all(ids, table.TORQUE_ENABLE, table.TORQUE_ENABLE)
        off = {
            each for each, reply in replies.items() if not reply.value(table.TORQUE_ENABLE, table.TORQUE_ENABLE.address)
        }
        limp = frozenset(off - self.errors.keys()) if self.is_holding else frozenset[int]()
        for each in sorted(limp - self.limp):
            _log.error("%s lost its torque: it restarted, or another program switched it off", name_of(each))
        self.limp = limp

    def _look_at_gripper(self) -> None:
        if self.is_holding and self._bus.read(GRIPPER_ID, table.BUS_WATCHDOG) == _TRIGGERED:
            _log.warning("the gripper let go: nobody talked on the bus for %d ms", GRIPPER_WATCHDOG * 20)
            self._bus.write(GRIPPER_ID, table.BUS_WATCHDOG, 0)
            self._bus.write(GRIPPER_ID, table.BUS_WATCHDOG, GRIPPER_WATCHDOG)
