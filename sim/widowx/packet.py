"""Packets of the Dynamixel Protocol 2.0, as bytes on the wire and back.

    FF FF FD 00 | ID | length, 2 bytes | instruction | parameters ... | CRC-16, 2 bytes

Length counts from the instruction to the CRC. Wherever FF FF FD occurs between instruction and CRC, an FD is stuffed in
behind it, so that those three bytes followed by 00 only ever begin a packet. Source: the maker's e-Manual.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

HEADER = b"\xff\xff\xfd\x00"
_PATTERN, _STUFFED = b"\xff\xff\xfd", b"\xff\xff\xfd\xfd"
BROADCAST_ID = 254
MAX_ID = 252
# Header, ID and length; then instruction and CRC at least.
PREFIX_SIZE, MIN_LENGTH = 7, 3
MAX_LENGTH = 1021  # a servo's receive buffer


class Instruction(IntEnum):
    """What a packet asks for; `STATUS` is a servo's answer."""

    PING = 0x01
    READ = 0x02
    WRITE = 0x03
    REG_WRITE = 0x04
    ACTION = 0x05
    FACTORY_RESET = 0x06
    REBOOT = 0x08
    CLEAR = 0x10
    STATUS = 0x55
    SYNC_READ = 0x82
    SYNC_WRITE = 0x83
    BULK_READ = 0x92
    BULK_WRITE = 0x93


class StatusError(IntEnum):
    """Why a servo refused an instruction: the lower seven bits of a status packet's error byte."""

    NONE = 0
    RESULT_FAIL = 1
    INSTRUCTION = 2
    CRC = 3
    DATA_RANGE = 4
    DATA_LENGTH = 5
    DATA_LIMIT = 6
    ACCESS = 7


ALERT = 0x80  # the bit of a status packet's error byte that says: look at Hardware_Error_Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Packet:
    """One packet, destuffed and checked.

    Attributes:
        id: of the servo it is for or from; `BROADCAST_ID` is for all.
        instruction: see `Instruction`; a number that is none of them where the sender made one up.
        parameters: what follows; of a status packet, the error byte and then the data.
    """

    id: int
    instruction: int
    parameters: bytes = b""

    def to_bytes(self) -> bytes:
        """The packet on the wire."""
        body = bytes((self.instruction,)) + self.parameters
        stuffed = body.replace(_PATTERN, _STUFFED)
        packet = HEADER + struct.pack("<BH", self.id, len(stuffed) + 2) + stuffed
        return packet + struct.pack("<H", crc16(packet))


def status(servo_id: int, error: int, data: bytes = b"") -> Packet:
    """The answer of a servo."""
    return Packet(id=servo_id, instruction=Instruction.STATUS, parameters=bytes((error,)) + data)


def destuff(body: bytes) -> bytes:
    """Instruction and parameters as they were before stuffing."""
    return body.replace(_STUFFED, _PATTERN)


def _crc_of_byte(byte: int) -> int:
    crc = byte << 8
    for _ in range(8):
        crc = (crc << 1) ^ (0x8005 if crc & 0x8000 else 0)
    return crc & 0xFFFF


_CRC_OF = tuple(_crc_of_byte(byte) for byte in range(256))


def crc16(data: bytes) -> int:
    """CRC-16 with polynomial 0x8005, zero to begin with, most significant bit first."""
    crc = 0
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ _CRC_OF[(crc >> 8) ^ byte]
    return crc
