"""Finds the packets in a stream of bytes, whatever else is in it."""

import struct

from sim.widowx.packet import HEADER, MAX_LENGTH, MIN_LENGTH, PREFIX_SIZE, Packet, crc16, destuff


class PacketReader:
    """Takes bytes as they come, in pieces of any size, and gives whole packets.

    Garbage is skipped. A packet that was cut off does not swallow the next one: stuffing keeps a header out of every
    packet's inside, so a header there ends it. A wrong CRC loses that packet only; a servo says nothing about it, as
    the address is as doubtful as the rest.

    Attributes:
        num_rejected: packets begun and not usable.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.num_rejected = 0

    def feed(self, data: bytes) -> list[Packet]:
        """Packets that `data` completes, in order."""
        self._buffer += data
        packets: list[Packet] = []
        while (size := self._take(packets)) > 0:
            del self._buffer[:size]
        return packets

    def clear(self) -> None:
        """Forget what came of an unfinished packet."""
        self._buffer.clear()

    def _take(self, packets: list[Packet]) -> int:
        """Bytes of the buffer that are dealt with, 0 when more have to come; a packet found is appended."""
        buffer = self._buffer
        begin = buffer.find(HEADER)
        if begin != 0:
            return begin if begin > 0 else max(0, len(buffer) - len(HEADER) + 1)
        following = buffer.find(HEADER, len(HEADER))
        if len(buffer) < PREFIX_SIZE:
            return self._reject(following) if following > 0 else 0
        servo_id, length = struct.unpack_from("<BH", buffer, len(HEADER))
        end = PREFIX_SIZE + length
        if not MIN_LENGTH <= length <= MAX_LENGTH:
            return self._reject(len(HEADER))
        if 0 < following < end:
            return self._reject(following)
        if len(buffer) < end:
            return 0
        (crc,) = struct.unpack_from("<H", buffer, end - 2)
        if crc != crc16(bytes(buffer[: end - 2])):
            return self._reject(len(HEADER))
        body = destuff(bytes(buffer[PREFIX_SIZE : end - 2]))
        packets.append(Packet(id=servo_id, instruction=body[0], parameters=body[1:]))
        return end

    def _reject(self, size: int) -> int:
        self.num_rejected += 1
        return size
