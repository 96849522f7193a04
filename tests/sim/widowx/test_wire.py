import logging

import pytest

from clam_robot.hardware import wx250s
from sim.widowx.bus import EmulatedBus
from sim.widowx.faults import Faults
from sim.widowx.packet import BROADCAST_ID, Instruction, Packet
from sim.widowx.packet_reader import PacketReader
from sim.widowx.servo import EmulatedServo
from sim.widowx.wire import Wire

BAUD = 1_000_000
PING = Packet(id=1, instruction=Instruction.PING).to_bytes()
LATE = 1e3


def make_wire(**faults: float) -> Wire:
    broken = Faults(**faults)  # pyright: ignore[reportArgumentType]
    servos = [EmulatedServo(each) for each in wx250s.SERVOS]
    return Wire(EmulatedBus(servos, broken), broken)


def answers(data: bytes) -> list[Packet]:
    return PacketReader().feed(data)


def test_answer_takes_the_time_its_bits_need() -> None:
    wire = make_wire()
    wire.send(PING, 5.0, BAUD)
    # 10 bytes there, 14 back, ten bits each.
    assert wire.next_due == pytest.approx(5.0 + 240e-6)
    assert wire.receive(5.0002) == b""
    assert [packet.id for packet in answers(wire.receive(5.0003))] == [1]
    assert wire.next_due is None


def test_return_delay_time_is_waited_for() -> None:
    wire = make_wire()
    wire.send(Packet(id=1, instruction=Instruction.WRITE, parameters=b"\x09\x00\xfa").to_bytes(), 0.0, BAUD)
    wire.receive(LATE)
    wire.send(PING, 0.0, BAUD)
    assert wire.next_due == pytest.approx(240e-6 + 500e-6)


def test_instruction_may_come_in_pieces() -> None:
    wire = make_wire()
    for byte in PING:
        wire.send(bytes([byte]), 0.0, BAUD)
    assert len(answers(wire.receive(LATE))) == 1


def test_wrong_baud_rate_is_met_with_silence_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    wire = make_wire()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            wire.send(PING, 0.0, 57_600)
        wire.send(PING, 0.0, 0)
    assert wire.receive(LATE) == b""
    assert [record.getMessage() for record in caplog.records] == [
        f"the host speaks at {baud} baud, the servos listen at 1000000 and stay silent" for baud in (57_600, 0)
    ]
    wire.send(PING, 0.0, BAUD)
    assert len(answers(wire.receive(LATE))) == 1


def test_servo_set_to_another_speed_is_found_there_only() -> None:
    wire = make_wire()
    wire.send(Packet(id=5, instruction=Instruction.WRITE, parameters=b"\x08\x00\x01").to_bytes(), 0.0, BAUD)
    wire.receive(LATE)
    everybody = Packet(id=BROADCAST_ID, instruction=Instruction.PING).to_bytes()
    wire.send(everybody, 0.0, BAUD)
    assert [packet.id for packet in answers(wire.receive(LATE))] == [1, 2, 3, 4, 6, 7, 8, 9]
    wire.send(everybody, 0.0, 57_600)
    assert [packet.id for packet in answers(wire.receive(LATE))] == [5]


def test_host_that_does_not_wait_destroys_the_answer() -> None:
    wire = make_wire()
    wire.send(PING, 0.0, BAUD)
    wire.send(Packet(id=2, instruction=Instruction.PING).to_bytes(), 0.0001, BAUD)
    assert [packet.id for packet in answers(wire.receive(LATE))] == [2]
    assert wire.num_collisions == 1


def test_dropped_packets_vanish_as_often_as_told() -> None:
    wire = make_wire(drop_rate=0.2)
    arrived = 0
    for _ in range(1000):
        wire.send(PING, 0.0, BAUD)
        arrived += len(answers(wire.receive(LATE)))
    assert 580 < arrived < 700  # 0.8 squared, both ways


def test_corrupted_packets_are_never_taken_for_good_ones() -> None:
    wire = make_wire(corrupt_rate=0.5)
    good = 0
    for _ in range(400):
        wire.send(PING, 0.0, BAUD)
        found = answers(wire.receive(LATE))
        assert all(packet.id == 1 and packet.parameters[1:3] == b"\xfc\x03" for packet in found)
        good += len(found)
    assert 60 < good < 140


def test_latency_is_added_to_every_answer() -> None:
    wire = make_wire(latency=0.02)
    wire.send(PING, 0.0, BAUD)
    assert wire.next_due == pytest.approx(0.02024)


def test_physics_is_told_the_time_before_an_instruction_is_obeyed() -> None:
    times: list[float] = []
    servos = [EmulatedServo(each) for each in wx250s.SERVOS]
    wire = Wire(EmulatedBus(servos), Faults(), before_packet=times.append)
    wire.send(PING[:4], 1.0, BAUD)
    wire.send(PING[4:], 2.0, BAUD)
    assert times == [2.0]
