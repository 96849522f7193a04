import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.widowx.packet import BROADCAST_ID, HEADER, Instruction, Packet, crc16, status
from sim.widowx.packet_reader import PacketReader

# Bytes that make stuffing necessary come often.
payloads = st.lists(st.sampled_from([0xFF, 0xFD, 0x00, 0x55, 0x01]) | st.integers(0, 255), max_size=60).map(bytes)
packets = st.builds(Packet, id=st.integers(0, 254), instruction=st.integers(0, 254), parameters=payloads)


def test_ping_has_the_bytes_of_the_manual() -> None:
    ping = Packet(id=1, instruction=Instruction.PING)
    assert ping.to_bytes() == bytes.fromhex("fffffd00 01 0300 01 194e")


def test_status_has_the_bytes_of_the_manual() -> None:
    answer = status(1, 0, bytes.fromhex("060426"))
    assert answer.to_bytes() == bytes.fromhex("fffffd00 01 0700 55 00 060426 655d")


def test_broadcast_ping_has_the_bytes_of_the_manual() -> None:
    assert Packet(id=BROADCAST_ID, instruction=Instruction.PING).to_bytes() == bytes.fromhex("fffffd00 fe 0300 01 3142")


@given(payloads)
def test_crc_of_the_dynamixel_sdk_is_the_same(data: bytes) -> None:
    from dynamixel_sdk import Protocol2PacketHandler

    assert crc16(data) == Protocol2PacketHandler().updateCRC(0, list(data), len(data))


@given(packets, st.lists(st.integers(0, 80), max_size=6))
def test_packet_survives_the_wire_however_it_is_cut(packet: Packet, cuts: list[int]) -> None:
    reader, data, found = PacketReader(), packet.to_bytes(), []
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for begin, end in itertools.pairwise(edges):
        found += reader.feed(data[begin:end])
    assert found == [packet]
    assert reader.num_rejected == 0


@given(packets)
def test_header_never_occurs_inside_a_packet(packet: Packet) -> None:
    assert packet.to_bytes().count(HEADER) == 1


@given(st.binary(max_size=80), packets)
def test_garbage_before_a_packet_does_not_hide_it(garbage: bytes, packet: Packet) -> None:
    found = PacketReader().feed(garbage + packet.to_bytes())
    assert found[-1:] == [packet]


@given(packets, packets, st.data())
def test_packet_cut_off_does_not_swallow_the_next(first: Packet, second: Packet, data: st.DataObject) -> None:
    whole = first.to_bytes()
    kept = data.draw(st.integers(0, len(whole) - 1))
    assert PacketReader().feed(whole[:kept] + second.to_bytes())[-1:] == [second]


@given(packets, packets, st.data())
def test_flipped_bit_loses_one_packet_only(first: Packet, second: Packet, data: st.DataObject) -> None:
    damaged = bytearray(first.to_bytes())
    # A longer length makes the reader wait, and the next header then ends that.
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    found = PacketReader().feed(bytes(damaged) + second.to_bytes())
    assert found == [second]


@given(st.binary(max_size=400))
def test_reader_survives_any_bytes(data: bytes) -> None:
    reader = PacketReader()
    reader.feed(data)
    reader.clear()
    assert reader.feed(Packet(id=3, instruction=1).to_bytes()) == [Packet(id=3, instruction=1)]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4])
def test_reader_keeps_the_beginning_of_a_header(size: int) -> None:
    reader, data = PacketReader(), Packet(id=3, instruction=1).to_bytes()
    assert reader.feed(b"\x55" * 9 + data[:size]) == []
    assert len(reader.feed(data[size:])) == 1
