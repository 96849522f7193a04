import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import HardwareError
from sim.widowx.bus import EmulatedBus
from sim.widowx.faults import Faults
from sim.widowx.packet import ALERT, BROADCAST_ID, Instruction, Packet, StatusError
from sim.widowx.servo import EmulatedServo
from tests.sim.widowx.registers import get


class Host:
    """Sends instructions and keeps the servos at hand."""

    def __init__(self) -> None:
        self.servos = {each.name: EmulatedServo(each) for each in wx250s.SERVOS}
        self.faults = Faults()
        self.bus = EmulatedBus(tuple(self.servos.values()), self.faults)

    def send(self, servo_id: int, instruction: int, parameters: bytes = b"") -> list[Packet]:
        return self.bus.respond(Packet(id=servo_id, instruction=instruction, parameters=parameters))

    def write(self, servo_id: int, register: ct.Register, value: int) -> list[Packet]:
        data = value.to_bytes(register.size, "little", signed=register.is_signed)
        return self.send(servo_id, Instruction.WRITE, word(register.address) + data)

    def read(self, servo_id: int, register: ct.Register) -> list[Packet]:
        return self.send(servo_id, Instruction.READ, word(register.address) + word(register.size))


def word(value: int) -> bytes:
    return value.to_bytes(2, "little")


def error_of(answers: list[Packet]) -> int:
    (answer,) = answers
    return answer.parameters[0]


@pytest.fixture
def host() -> Host:
    return Host()


def test_ping_tells_model_and_firmware(host: Host) -> None:
    (answer,) = host.send(9, Instruction.PING)
    assert (answer.id, answer.parameters) == (9, bytes([0]) + word(1060) + bytes([45]))


def test_broadcast_ping_finds_all_in_order(host: Host) -> None:
    assert [answer.id for answer in host.send(BROADCAST_ID, Instruction.PING)] == list(range(1, 10))


def test_nobody_answers_for_an_id_that_is_not_there(host: Host) -> None:
    assert host.send(17, Instruction.PING) == []
    assert host.write(17, ct.LED, 1) == []


def test_written_register_reads_back(host: Host) -> None:
    assert error_of(host.write(6, ct.PROFILE_VELOCITY, 1234)) == 0
    (answer,) = host.read(6, ct.PROFILE_VELOCITY)
    assert answer.parameters == bytes([0]) + (1234).to_bytes(4, "little")


def test_shadow_obeys_its_leader_in_silence(host: Host) -> None:
    answers = host.write(2, ct.PROFILE_VELOCITY, 700)
    assert [answer.id for answer in answers] == [2]
    assert get(host.servos["shoulder_shadow"], ct.PROFILE_VELOCITY) == 700
    assert get(host.servos["elbow_shadow"], ct.PROFILE_VELOCITY) == 0


def test_shadow_can_be_addressed_alone(host: Host) -> None:
    assert [answer.id for answer in host.write(3, ct.LED, 1)] == [3]
    assert get(host.servos["shoulder"], ct.LED) == 0


def test_eeprom_of_a_shadow_is_not_its_leaders_to_write(host: Host) -> None:
    host.write(2, ct.TEMPERATURE_LIMIT, 60)
    assert get(host.servos["shoulder"], ct.TEMPERATURE_LIMIT) == 60
    assert get(host.servos["shoulder_shadow"], ct.TEMPERATURE_LIMIT) == 80


def test_shadows_obey_a_sync_write_to_their_leader(host: Host) -> None:
    rows = bytes([2]) + (1500).to_bytes(4, "little") + bytes([4]) + (1600).to_bytes(4, "little")
    head = word(ct.GOAL_POSITION.address) + word(4)
    assert host.send(BROADCAST_ID, Instruction.SYNC_WRITE, head + rows) == []
    goals = {name: servo.memory[ct.GOAL_POSITION] for name, servo in host.servos.items()}
    assert [goals[name] for name in ("shoulder", "shoulder_shadow", "elbow", "elbow_shadow")] == [1500] * 2 + [1600] * 2
    assert goals["waist"] == 2048


def test_sync_read_is_answered_in_the_order_asked(host: Host) -> None:
    answers = host.send(BROADCAST_ID, Instruction.SYNC_READ, word(132) + word(4) + bytes([7, 1, 3]))
    assert [answer.id for answer in answers] == [7, 1, 3]
    assert {len(answer.parameters) for answer in answers} == {5}


def test_lost_servo_silences_those_behind_it_in_a_sync_read(host: Host) -> None:
    host.faults.lost.add("elbow")
    answers = host.send(BROADCAST_ID, Instruction.SYNC_READ, word(132) + word(4) + bytes(range(1, 10)))
    assert [answer.id for answer in answers] == [1, 2, 3]
    assert host.send(4, Instruction.PING) == []


def test_bulk_read_takes_another_span_of_each(host: Host) -> None:
    spans = bytes([1]) + word(132) + word(4) + bytes([9]) + word(146) + word(1)
    answers = host.send(BROADCAST_ID, Instruction.BULK_READ, spans)
    assert [(answer.id, len(answer.parameters)) for answer in answers] == [(1, 5), (9, 2)]


def test_bulk_write_sets_another_register_of_each(host: Host) -> None:
    rows = bytes([1]) + word(65) + word(1) + b"\1" + bytes([4]) + word(116) + word(4) + (1600).to_bytes(4, "little")
    assert host.send(BROADCAST_ID, Instruction.BULK_WRITE, rows) == []
    assert get(host.servos["waist"], ct.LED) == 1
    assert get(host.servos["elbow_shadow"], ct.GOAL_POSITION) == 1600


def test_registered_write_waits_for_the_action(host: Host) -> None:
    assert error_of(host.send(2, Instruction.REG_WRITE, word(65) + b"\1")) == 0
    shoulder = host.servos["shoulder"]
    assert (get(shoulder, ct.LED), get(shoulder, ct.REGISTERED_INSTRUCTION)) == (0, 1)
    assert host.send(BROADCAST_ID, Instruction.ACTION) == []
    assert (get(shoulder, ct.LED), get(shoulder, ct.REGISTERED_INSTRUCTION)) == (1, 0)
    assert get(host.servos["shoulder_shadow"], ct.LED) == 1
    assert error_of(host.send(2, Instruction.ACTION)) == StatusError.INSTRUCTION


def test_bad_registered_write_is_refused_at_once(host: Host) -> None:
    assert error_of(host.send(1, Instruction.REG_WRITE, word(65) + b"\7")) == StatusError.DATA_RANGE


@pytest.mark.parametrize(
    ("instruction", "error"),
    [
        (Instruction.FACTORY_RESET, StatusError.RESULT_FAIL),
        (Instruction.CLEAR, StatusError.DATA_RANGE),
        (0x77, StatusError.INSTRUCTION),
    ],
)
def test_what_a_servo_does_not_do_is_refused(host: Host, instruction: int, error: StatusError) -> None:
    assert error_of(host.send(1, instruction, b"\xff")) == error
    assert host.send(BROADCAST_ID, instruction, b"\xff") == []


def test_reboot_is_acknowledged_and_then_the_servo_is_deaf_for_a_while(host: Host) -> None:
    host.write(1, ct.PROFILE_VELOCITY, 2000)
    assert error_of(host.send(1, Instruction.REBOOT)) == 0
    assert host.send(1, Instruction.PING) == []
    for _ in range(150):
        host.servos["waist"].update(0.002, 0.0, 0.0, 12.0)
    assert len(host.send(1, Instruction.PING)) == 1
    assert get(host.servos["waist"], ct.PROFILE_VELOCITY) == 0


def test_alert_bit_stands_in_every_answer_after_a_hardware_error(host: Host) -> None:
    host.servos["elbow"].raise_error(HardwareError.OVERLOAD)
    assert error_of(host.send(4, Instruction.PING)) == ALERT
    assert error_of(host.read(4, ct.HARDWARE_ERROR_STATUS)) == ALERT
    assert error_of(host.write(4, ct.TORQUE_ENABLE, 1)) == ALERT | StatusError.RESULT_FAIL
    assert error_of(host.send(2, Instruction.PING)) == 0


@pytest.mark.parametrize(("level", "answers"), [(0, (1, 0, 0)), (1, (1, 1, 0)), (2, (1, 1, 1))])
def test_status_return_level_chooses_what_is_answered(host: Host, level: int, answers: tuple[int, ...]) -> None:
    host.write(6, ct.STATUS_RETURN_LEVEL, level)
    found = (host.send(6, Instruction.PING), host.read(6, ct.LED), host.write(6, ct.LED, 1))
    assert tuple(len(each) for each in found) == answers


def test_changed_id_is_obeyed_at_once(host: Host) -> None:
    assert error_of(host.write(6, ct.ID, 42)) == 0
    assert host.send(6, Instruction.PING) == []
    assert len(host.send(42, Instruction.PING)) == 1


def test_read_behind_the_table_is_refused(host: Host) -> None:
    assert error_of(host.send(1, Instruction.READ, word(660) + word(10))) == StatusError.ACCESS


def test_broadcast_write_reaches_all_and_nobody_answers(host: Host) -> None:
    assert host.write(BROADCAST_ID, ct.TORQUE_ENABLE, 1) == []
    assert all(servo.is_torque_on for servo in host.servos.values())


def test_turns_are_cleared_by_the_bytes_of_the_manual(host: Host) -> None:
    waist = host.servos["waist"]
    waist.update(0.002, 7.0, 0.0, 12.0)
    before = get(waist, ct.PRESENT_POSITION)
    assert error_of(host.send(1, Instruction.CLEAR, bytes.fromhex("01 44 58 4c 22"))) == 0
    assert get(waist, ct.PRESENT_POSITION) == before - 4096


def test_status_packets_of_others_are_not_obeyed(host: Host) -> None:
    assert host.send(1, Instruction.STATUS, b"\0") == []


FUZZED = Host()


@settings(max_examples=300)
@given(
    st.sampled_from([*range(1, 10), 42, BROADCAST_ID]),
    st.sampled_from([*Instruction, 0x8A, 0x20]) | st.integers(0, 255),
    st.binary(max_size=40),
)
def test_bus_survives_any_packet(servo_id: int, instruction: int, parameters: bytes) -> None:
    for answer in FUZZED.send(servo_id, instruction, parameters):
        assert answer.instruction == Instruction.STATUS
    for servo in FUZZED.servos.values():
        torque = servo.update(0.002, 0.1, 0.0, 12.0)
        assert abs(torque) <= servo.model.stall_torque * 1.01
        servo.read(0, 147)
