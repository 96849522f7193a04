"""Restarts one servo while the others are read on."""

from collections.abc import Callable

from clam_robot.errors import ServoSilent
from clam_robot.hardware import control_table as table
from clam_robot.hardware.bus_thread import PAUSE, Procedure
from clam_robot.hardware.servo_bus import ServoBus, name_of
from clam_robot.timing import Clock

_BACK_WITHIN = 3.0
# A ping of a servo that is still down delays the stream by this much; with slow adapters a longer one must do [s].
_SHORT, _PATIENCE = 0.004, 1.0


def restart(bus: ServoBus, servo_id: int, clock: Clock, skip: Callable[[int, bool], None]) -> Procedure[None]:
    """Reboot a servo and wait until it is back, with torque off and its RAM at defaults.

    Args:
        bus: to talk on.
        servo_id: whom.
        clock: tells when to give up.
        skip: `BusThread.skip`.

    Raises:
        ServoSilent: it does not come back.
    """
    begin = clock.now()
    skip(servo_id, True)
    try:
        bus.reboot(servo_id)
        yield PAUSE
        while not _is_back(bus, servo_id, _SHORT if clock.now() - begin < _PATIENCE else None):
            if clock.now() - begin > _BACK_WITHIN:
                raise ServoSilent(
                    f"{name_of(servo_id)} did not come back within {_BACK_WITHIN:g} s of a reboot; switch the arm's "
                    "power off and on while you support it"
                )
            yield PAUSE
    finally:
        skip(servo_id, False)


def _is_back(bus: ServoBus, servo_id: int, timeout: float | None) -> bool:
    """Whether it answers, and not from before it went down."""
    try:
        bus.ping(servo_id, retries=0, timeout=timeout)
        return not bus.read(servo_id, table.TORQUE_ENABLE) and not bus.read(servo_id, table.HARDWARE_ERROR_STATUS)
    except ServoSilent:
        return False
