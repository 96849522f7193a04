"""Whether the nine servos of a wx250s are on the bus, and which one is not."""

from clam_robot.errors import ServoRefused, ServoSilent
from clam_robot.hardware.control_table import MODEL_NUMBERS, RETURN_DELAY_TIME
from clam_robot.hardware.servo_bus import ServoBus, name_of
from clam_robot.hardware.wx250s import SERVOS

# Speeds that servos are found at when they are new or were set up for another robot.
BAUDS = (1_000_000, 57_600, 115_200, 2_000_000, 3_000_000, 4_000_000)
_DELAY_UNIT = 2e-3  # of Return_Delay_Time [ms]
_MODEL_NAMES = {number: model for model, number in MODEL_NUMBERS.items()}


def roll_call(bus: ServoBus) -> None:
    """Ask every servo for its model. Takes milliseconds when all are there, about a second when none is.

    Raises:
        ServoSilent: some do not answer; names them, and the speed where one answers instead.
        ServoRefused: a servo of another model answers at an id.
        PortUnavailable: the port was lost.
    """
    models: dict[int, int] = {}
    for servo in SERVOS:
        try:
            # With none found so far this is likely a bus without power: do not wait thrice for each.
            models[servo.id] = bus.ping(servo.id, retries=None if models or servo.id == SERVOS[0].id else 0)
        except ServoSilent:
            continue
    silent = [servo.id for servo in SERVOS if servo.id not in models]
    if not models:
        raise ServoSilent(_nobody(bus))
    if silent:
        names = ", ".join(name_of(servo_id) for servo_id in silent)
        verb = "do" if len(silent) > 1 else "does"
        raise ServoSilent(
            f"{names} {verb} not answer on {bus.port.port_name}, {len(models)} of {len(SERVOS)} servos do; check the "
            "cable into it, and whether its LED blinks after power on"
        )
    for servo in SERVOS:
        found, expected = models[servo.id], MODEL_NUMBERS[servo.model]
        if found != expected:
            raise ServoRefused(
                f"{name_of(servo.id)} should be a {servo.model} (model number {expected}), found "
                f"{_MODEL_NAMES.get(found, 'an unknown model')} ({found}); is this a wx250s?"
            )


def find_slow_replies(bus: ServoBus) -> str:
    """What Return_Delay_Time costs each read of all servos, empty where it costs nothing. New servos come with 0.5 ms.

    Raises:
        ServoSilent: a servo does not answer.
    """
    replies = bus.read_all([servo.id for servo in SERVOS], RETURN_DELAY_TIME, RETURN_DELAY_TIME)
    delays = {each: reply.value(RETURN_DELAY_TIME, RETURN_DELAY_TIME.address) for each, reply in replies.items()}
    if not any(delays.values()):
        return ""
    names = ", ".join(name_of(each) for each, delay in delays.items() if delay)
    return (
        f"{names} wait before they answer, which delays every state by {sum(delays.values()) * _DELAY_UNIT:.1f} ms; "
        "set their Return_Delay_Time to 0"
    )


def _nobody(bus: ServoBus) -> str:
    own = bus.port.baudrate
    if found := bus.find([baud for baud in BAUDS if baud != own], [SERVOS[0].id, SERVOS[1].id]):
        baud, servo_id = found
        return (
            f"no servo answers on {bus.port.port_name} at {own} baud, but {name_of(servo_id)} does at {baud}; give "
            f"that speed, or set the servos' Baud_Rate to {own}"
        )
    return (
        f"no servo answers on {bus.port.port_name} at {own} baud; switch on the arm's power, check the cable between "
        "the USB adapter and the arm, and that this port is the arm's"
    )
