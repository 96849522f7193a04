"""The bus client with the genuine SDK, against the twin."""

import os
import threading
import time
import tty
from collections.abc import Iterator

import pytest

from clam_robot.errors import PortUnavailable, ServoRefused, ServoSilent
from clam_robot.hardware import control_table as table
from clam_robot.hardware.control_table import MODEL_NUMBERS, OperatingMode
from clam_robot.hardware.roll_call import find_slow_replies, roll_call
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.hardware.servo_bus import ServoBus
from clam_robot.hardware.wx250s import SERVOS
from sim.widowx.packet import Instruction, status
from sim.widowx.packet_reader import PacketReader
from tests.clam_robot.hardware.conftest import Bus
from tests.programs import REPLY_TIMEOUT

pytestmark = pytest.mark.xdist_group("dynamixel_driver")
PATIENCE = 0.3  # how long the bus waits for an answer where its delays matter [s]
IDS = [servo.id for servo in SERVOS]


@pytest.fixture
def servos(twin: Bus) -> Iterator[ServoBus]:
    bus = ServoBus(SerialPort(twin.port, reply_timeout=REPLY_TIMEOUT))
    bus.open()
    yield bus
    bus.close()


def test_a_ping_tells_the_model(servos: ServoBus) -> None:
    assert [servos.ping(servo.id) for servo in SERVOS] == [MODEL_NUMBERS[servo.model] for servo in SERVOS]


def test_what_is_written_is_read_back_with_its_sign(servos: ServoBus) -> None:
    servos.write_verified(1, table.PROFILE_VELOCITY, 1234)
    servos.write_verified(1, table.GOAL_VELOCITY, -50)
    assert servos.read(1, table.GOAL_VELOCITY) == -50


def test_one_packet_writes_several_servos_and_one_reads_them_all(servos: ServoBus) -> None:
    servos.write_all(table.PROFILE_ACCELERATION, {servo_id: 10 * servo_id for servo_id in IDS})
    before = servos.num_requests
    replies = servos.read_all(IDS, table.PROFILE_ACCELERATION, table.PRESENT_POSITION)
    assert servos.num_requests == before + 1
    first = table.PROFILE_ACCELERATION.address
    assert [replies[each].value(table.PROFILE_ACCELERATION, first) for each in IDS] == [10 * each for each in IDS]
    assert all(0 <= replies[each].value(table.PRESENT_POSITION, first) < 4096 for each in IDS)
    assert not any(reply.is_alert for reply in replies.values())


def test_a_value_that_does_not_fit_its_register_never_reaches_the_wire(servos: ServoBus) -> None:
    before = servos.num_requests
    for value in (-1, 256):
        with pytest.raises(ValueError, match=f"Torque_Enable holds 0 to 255, found {value}"):
            servos.write(1, table.TORQUE_ENABLE, value)
    assert servos.num_requests == before


def test_a_servo_that_refuses_is_named_with_register_and_reason(servos: ServoBus) -> None:
    with pytest.raises(ServoRefused, match=r"elbow \(id 4\) refused a write of 4000 to Goal_Position: .*limits"):
        servos.write(4, table.GOAL_POSITION, 4000)
    servos.write(1, table.TORQUE_ENABLE, 1)
    with pytest.raises(ServoRefused, match=r"waist \(id 1\) refused .* Operating_Mode: .*torque is on"):
        servos.write(1, table.OPERATING_MODE, OperatingMode.VELOCITY)
    with pytest.raises(ServoRefused, match="wrist_rotate"):
        servos.write(8, table.GOAL_CURRENT, 10)  # an XL430 has no current control


def test_a_servo_that_keeps_another_value_is_found_out(servos: ServoBus) -> None:
    class Forgetful(ServoBus):
        def write(self, servo_id: int, register: table.Register, value: int) -> None:
            super().write(servo_id, register, value - 1)

    forgetful = Forgetful(servos.port)
    with pytest.raises(ServoRefused, match=r"did not keep Profile_Velocity: wrote 100, read back 99"):
        forgetful.write_verified(2, table.PROFILE_VELOCITY, 100)


def test_the_first_silent_servo_is_named_by_every_request(servos: ServoBus, twin: Bus) -> None:
    twin.client.fault("lost", "elbow")
    for request in (
        lambda: servos.ping(4),
        lambda: servos.read(4, table.PRESENT_POSITION),
        lambda: servos.write(4, table.LED, 1),
        lambda: servos.read_all(IDS, table.PRESENT_CURRENT, table.PRESENT_POSITION),
    ):
        failures = servos.num_failures
        with pytest.raises(ServoSilent, match=r"elbow \(id 4\) does not answer"):
            request()
        assert servos.num_failures == failures + 1
    twin.client.fault("lost", "elbow", 0.0)
    assert len(servos.read_all(IDS, table.PRESENT_CURRENT, table.PRESENT_POSITION)) == len(IDS)


@pytest.mark.parametrize("fault", ["drop", "corrupt"])
def test_noise_on_the_wire_costs_retries_only(servos: ServoBus, twin: Bus, fault: str) -> None:
    patient = ServoBus(servos.port, retries=10)
    twin.client.fault(fault, value=0.02)
    for _ in range(60):
        replies = patient.read_all(IDS, table.ID, table.ID)
        assert {servo_id: reply.data for servo_id, reply in replies.items()} == {each: bytes([each]) for each in IDS}
    assert patient.num_retries > 0
    assert patient.num_failures == 0


def test_a_hardware_error_shows_in_every_reply(servos: ServoBus, twin: Bus) -> None:
    twin.client.fault("overload", "forearm_roll")
    replies = servos.read_all(IDS, table.PRESENT_CURRENT, table.PRESENT_POSITION)
    assert [each for each, reply in replies.items() if reply.is_alert] == [6]
    assert servos.read(6, table.HARDWARE_ERROR_STATUS) == table.HardwareError.OVERLOAD


def test_an_unplugged_adapter_is_a_lost_port(servos: ServoBus, twin: Bus) -> None:
    twin.client.fault("unplug")
    with pytest.raises(PortUnavailable, match=f"{twin.port} was lost while in use"):
        for _ in range(100):
            servos.ping(1)
    with pytest.raises(PortUnavailable, match=f"no port {twin.port}; plug in"):
        ServoBus(SerialPort(twin.port)).open()


def test_roll_call_is_quiet_when_all_are_there(servos: ServoBus) -> None:
    roll_call(servos)
    assert servos.num_failures == 0


def test_roll_call_names_all_that_are_missing(servos: ServoBus, twin: Bus) -> None:
    for name in ("shoulder_shadow", "gripper"):
        twin.client.fault("lost", name)
    with pytest.raises(ServoSilent, match=r"shoulder_shadow \(id 3\), gripper \(id 9\) do not answer .* 7 of 9"):
        roll_call(servos)


def test_roll_call_says_at_which_speed_the_servos_are(twin: Bus) -> None:
    bus = ServoBus(SerialPort(twin.port, baud=57_600, reply_timeout=0.1))
    bus.open()
    try:
        with pytest.raises(ServoSilent, match=r"at 57600 baud, but waist \(id 1\) does at 1000000; give that speed"):
            roll_call(bus)
        assert bus.port.baudrate == 57_600
    finally:
        bus.close()


def test_roll_call_of_a_bus_without_power_says_so(servos: ServoBus, twin: Bus) -> None:
    for servo in SERVOS:
        twin.client.fault("lost", servo.name)
    with pytest.raises(ServoSilent, match=r"no servo answers on .* at 1000000 baud; switch on the arm's power"):
        roll_call(servos)


def test_roll_call_refuses_another_model() -> None:
    class OtherArm(ServoBus):
        def ping(self, servo_id: int, *, retries: int | None = None, timeout: float | None = None) -> int:
            return 1120 if servo_id == 2 else MODEL_NUMBERS[SERVOS[servo_id - 1].model]

    with pytest.raises(ServoRefused, match=r"shoulder \(id 2\) should be a XM430-W350 .* found .*1120.*wx250s\?"):
        roll_call(OtherArm(SerialPort("/dev/null")))


def test_servos_that_wait_before_they_answer_are_named_with_what_it_costs(servos: ServoBus) -> None:
    assert find_slow_replies(servos) == ""
    for servo_id in (2, 3):
        servos.write_verified(servo_id, table.RETURN_DELAY_TIME, 250)
    try:
        told = find_slow_replies(servos)
    finally:
        for servo_id in (2, 3):
            servos.write_verified(servo_id, table.RETURN_DELAY_TIME, 0)
    assert told.startswith("shoulder (id 2), shoulder_shadow (id 3) wait before they answer")
    assert "by 1.0 ms" in told


class LateServo:
    """Servo 1 on a machine that stalls: tells in each answer what it was asked for, but not at once."""

    def __init__(self) -> None:
        self._far_end, self._near_end = os.openpty()
        tty.setraw(self._near_end)
        self.port = os.ttyname(self._near_end)
        self.delays: list[float] = []  # of the next answers [s]
        self.before = b""  # each answer
        self.awake = threading.Event()
        self.awake.set()
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        reader = PacketReader()
        while True:
            received = os.read(self._far_end, 4096)
            self.awake.wait()
            for packet in reader.feed(received):
                if packet.instruction == Instruction.REBOOT:
                    return
                told = bytes(3) if packet.instruction == Instruction.PING else packet.parameters[:1]
                time.sleep(self.delays.pop(0) if self.delays else 0.0)  # a bus keeps the order
                os.write(self._far_end, self.before + status(1, 0, told).to_bytes())

    def end(self, bus: ServoBus) -> None:
        self.awake.set()
        bus.reboot(1)
        self._thread.join()
        bus.close()
        os.close(self._near_end)
        os.close(self._far_end)


@pytest.fixture
def late() -> Iterator[tuple[LateServo, ServoBus]]:
    servo = LateServo()
    bus = ServoBus(SerialPort(servo.port, reply_timeout=PATIENCE), retries=5)
    bus.open()
    yield servo, bus
    servo.end(bus)


def test_an_answer_that_comes_late_is_not_taken_for_that_of_the_next_request(late: tuple[LateServo, ServoBus]) -> None:
    servo, bus = late
    # The first answer comes while the request is repeated, the second while the next one waits for its own.
    servo.delays = [1.5 * PATIENCE, 0.7 * PATIENCE]
    assert bus.read(1, table.LED) == table.LED.address
    assert bus.read(1, table.PRESENT_TEMPERATURE) == table.PRESENT_TEMPERATURE.address


def test_answers_to_a_request_that_was_given_up_are_not_taken_for_those_of_later_ones(
    late: tuple[LateServo, ServoBus],
) -> None:
    servo, bus = late
    servo.awake.clear()
    with pytest.raises(ServoSilent):
        bus.read(1, table.LED)
    threading.Timer(0.3 * PATIENCE, servo.awake.set).start()
    registers = (table.PRESENT_TEMPERATURE, table.TORQUE_ENABLE, table.ID)
    assert [bus.read(1, register) for register in registers] == [register.address for register in registers]


def test_an_answer_of_another_length_is_not_taken_for_that_of_a_read_of_several(
    late: tuple[LateServo, ServoBus],
) -> None:
    servo, bus = late
    servo.before = status(1, 0, bytes(10)).to_bytes()
    replies = bus.read_all([1], table.TORQUE_ENABLE, table.TORQUE_ENABLE)
    assert replies[1].data == bytes([table.TORQUE_ENABLE.address])
