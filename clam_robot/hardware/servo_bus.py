"""Servos on one bus, by id and register: the maker's SDK, with every failure a named error in bounded time."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dynamixel_sdk import BROADCAST_ID, COMM_RX_TIMEOUT, COMM_SUCCESS, Protocol2PacketHandler

from clam_robot.errors import DriverError, PortUnavailable, ServoRefused, ServoSilent
from clam_robot.hardware.control_table import Register
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.hardware.wx250s import SERVOS

ALERT = 0x80  # in a reply's error: the servo has a hardware error
_RESULT_FAIL, _ACCESS = 1, 7
# Layout of a packet: 4 bytes of header, id, 2 of length, instruction, parameters (of a status: error, data), 2 of CRC.
_ID, _LENGTH, _ERROR, _DATA = 4, 5, 8, 9
_PING, _READ, _WRITE = 1, 2, 3
_PONG = 3  # bytes of data in the answer to a ping; no register has as many
_SMALLEST = 11  # bytes of a status without data


@dataclass(frozen=True)
class Reply:
    """What one servo answered to a read of several.

    Attributes:
        data: the bytes asked for.
        is_alert: whether the servo has a hardware error (`control_table.HARDWARE_ERROR_STATUS` tells which).
    """

    data: bytes
    is_alert: bool

    def value(self, register: Register, first: int) -> int:
        """A register's value, where `data` begins at the address `first`."""
        start = register.address - first
        return int.from_bytes(self.data[start : start + register.size], "little", signed=register.is_signed)


class ServoBus:
    """Not safe to share between threads: one owner at a time.

    A request that is not answered, or not answered intact, is repeated `retries` times. Answers come in order and
    carry nothing that tells what they answer: after a late or lost one, a ping is answered before all else.

    Args:
        port: opened by `open`.
        retries: how often.

    Attributes:
        num_requests: sent since construction, repeats left out.
        num_retries: repeats.
        num_failures: given up.
    """

    def __init__(self, port: SerialPort, *, retries: int = 2) -> None:
        self.port = port
        self.num_requests = self.num_retries = self.num_failures = 0
        self._retries = retries
        self._is_behind = False  # answers to earlier requests may still come
        self._witness = SERVOS[0].id
        self._sdk = Protocol2PacketHandler()

    def open(self) -> None:
        """Open the port.

        Raises:
            PortUnavailable: it is missing, not permitted, or taken.
        """
        self.port.open()

    def close(self) -> None:
        """Close the port; the servos keep what they do. May be called twice."""
        self.port.closePort()

    def ping(self, servo_id: int, *, retries: int | None = None, timeout: float | None = None) -> int:
        """Model number of a servo.

        Args:
            servo_id: whom to ask.
            retries: instead of the bus's own.
            timeout: instead of the port's own [s].

        Raises:
            ServoSilent: no answer.
            PortUnavailable: the port was lost.
        """
        own = self.port.reply_timeout
        self.port.reply_timeout = own if timeout is None else timeout
        try:
            return self._request(servo_id, _A_PING, lambda: self._ping(servo_id), retries)
        finally:
            self.port.reply_timeout = own

    def read(self, servo_id: int, register: Register) -> int:
        """Value of a register.

        Raises:
            ServoSilent: no answer.
            ServoRefused: the servo has no such register.
            PortUnavailable: the port was lost.
        """

        def request() -> tuple[bytes, int, int]:
            parameters = [*register.address.to_bytes(2, "little"), register.size, 0]
            return self._ask(servo_id, _READ, parameters, size=register.size)

        data = self._request(servo_id, f"a read of {register.name}", request)
        return Reply(data, False).value(register, register.address)

    def write(self, servo_id: int, register: Register, value: int) -> None:
        """Set a register and wait for the servo to confirm.

        Raises:
            ValueError: the value does not fit the register.
            ServoSilent: no answer.
            ServoRefused: out of the servo's limits, read-only, or torque is on and the register is in EEPROM.
            PortUnavailable: the port was lost.
        """
        data = _encode(register, value)

        def request() -> tuple[bytes, int, int]:
            return self._ask(servo_id, _WRITE, [*register.address.to_bytes(2, "little"), *data], size=0)

        self._request(servo_id, f"a write of {value} to {register.name}", request)

    def write_verified(self, servo_id: int, register: Register, value: int) -> None:
        """Set a register, read it back and compare.

        Raises:
            ServoRefused: the servo holds another value afterwards; and what `write` raises.
        """
        self.write(servo_id, register, value)
        found = self.read(servo_id, register)
        if found != value:
            raise ServoRefused(
                f"{name_of(servo_id)} did not keep {register.name}: wrote {value}, read back {found}; another program "
                "may be writing to it, or firmware limits the value"
            )

    def read_all(self, ids: Sequence[int], first: Register, last: Register) -> dict[int, Reply]:
        """One request for a range of registers of several servos, in the order of `ids`.

        Raises:
            ServoSilent: one of them does not answer; on the wire those behind it wait for it, so the first is named.
            ServoRefused: one of them has no such registers.
            PortUnavailable: the port was lost.
        """
        length = last.address + last.size - first.address
        replies: dict[int, Reply] = {}
        refusals: dict[int, int] = {}

        def request() -> tuple[dict[int, Reply], int, int]:
            replies.clear()
            refusals.clear()
            result = self._sdk.syncReadTx(self.port, first.address, length, list(ids), len(ids), False)
            while result == COMM_SUCCESS and len(replies) + len(refusals) < len(ids):
                packet, result = self._sdk.rxPacket(self.port, False)
                if result != COMM_SUCCESS or packet[_ID] not in ids:
                    continue
                if reason := packet[_ERROR] & ~ALERT:
                    refusals[packet[_ID]] = reason
                elif _length(packet) == length + 4:
                    replies[packet[_ID]] = Reply(bytes(packet[_DATA : _DATA + length]), bool(packet[_ERROR] & ALERT))
            return dict(replies), result, 0

        try:
            found = self._request(None, f"a read of {first.name} to {last.name}", request)
        except ServoSilent:
            missing = next((each for each in ids if each not in replies and each not in refusals), ids[0])
            raise ServoSilent(_silence(missing, "while reading several servos at once")) from None
        for servo_id, reason in refusals.items():
            self.num_failures += 1
            raise ServoRefused(f"{name_of(servo_id)} refused a read of {first.name} to {last.name}: {_reason(reason)}")
        return found

    def write_all(self, register: Register, values: Mapping[int, int]) -> None:
        """One packet that sets a register of several servos. None confirms: it is gone as soon as it is sent.

        Raises:
            ValueError: a value does not fit the register.
            PortUnavailable: the port was lost.
        """
        parameters: list[int] = []
        for servo_id, value in values.items():
            parameters += [servo_id, *_encode(register, value)]
        self.num_requests += 1
        result = self._sdk.syncWriteTxOnly(self.port, register.address, register.size, parameters, len(parameters))
        if result != COMM_SUCCESS:
            self.num_failures += 1
            raise PortUnavailable(f"{self.port.port_name} did not take a packet: {self._sdk.getTxRxResult(result)}")

    def reboot(self, servo_id: int) -> None:
        """Restart a servo: torque off, RAM back to defaults. It is silent for some tenths of a second; ping it.

        Raises:
            PortUnavailable: the port was lost.
        """
        self.num_requests += 1
        # A servo may be off before its confirmation is out; whether it comes back is what counts.
        _, result = self._sdk.reboot(self.port, servo_id)
        self._is_behind = self._is_behind or result != COMM_SUCCESS

    def find(self, bauds: Sequence[int], ids: Sequence[int]) -> tuple[int, int] | None:
        """First (baud, id) that answers a ping at other speeds than the port's own, None where none does.

        For a message only; the port is back at its own speed afterwards.
        """
        own, found = self.port.baudrate, None
        for baud in bauds:
            for servo_id in ids:
                with suppress(DriverError, OSError, ValueError):
                    self.port.set_baud(baud)
                    self.ping(servo_id, retries=0)
                    found = found or (baud, servo_id)
            if found:
                break
        self.port.set_baud(own)
        return found

    def _request(
        self,
        servo_id: int | None,
        what: str,
        request: Callable[[], tuple[Any, int, int]],
        retries: int | None = None,
    ) -> Any:  # noqa: ANN401
        self.num_requests += 1
        attempts = 1 + (self._retries if retries is None else retries)
        for attempt in range(attempts):
            self.num_retries += attempt > 0
            if self._is_behind and what != _A_PING and not self._catch_up(servo_id):
                continue
            value, result, error = request()
            if result == COMM_SUCCESS:
                self._is_behind = attempt > 0 and what != _A_PING
                if reason := error & ~ALERT:
                    self.num_failures += 1
                    raise ServoRefused(f"{name_of(servo_id or BROADCAST_ID)} refused {what}: {_reason(reason)}")
                return value
            self._is_behind = True
        self.num_failures += 1
        raise ServoSilent(_silence(servo_id, what))

    def _catch_up(self, servo_id: int | None) -> bool:
        """Let late answers pass, which the next request would take for its own; whether none can come any more.

        Where nobody in particular is asked, a silent witness does not keep the others from being asked: their answers
        are told by their length, and the next time another one is the witness.
        """
        _, result, _ = self._ping(servo_id or self._witness)
        self._is_behind = result != COMM_SUCCESS
        if self._is_behind and servo_id is None:
            self._witness = self._witness % len(SERVOS) + 1
            return True
        return not self._is_behind

    def _ping(self, servo_id: int) -> tuple[int, int, int]:
        """Model, result and error."""
        data, result, error = self._ask(servo_id, _PING, [], size=_PONG)
        return int.from_bytes(data[:2], "little"), result, error

    def _ask(self, servo_id: int, instruction: int, parameters: list[int], *, size: int) -> tuple[bytes, int, int]:
        """Data, result and error of a servo's answer of `size` bytes, or of its refusal; others are passed over."""
        length = len(parameters) + 3
        result = self._sdk.txPacket(self.port, [0, 0, 0, 0, servo_id, length, 0, instruction, *parameters, 0, 0])
        if result != COMM_SUCCESS:
            return b"", result, 0
        self.port.setPacketTimeout(size + _SMALLEST)
        for _ in range(_MOST_STRAGGLERS):
            packet, result = self._sdk.rxPacket(self.port, False)
            if result != COMM_SUCCESS:
                return b"", result, 0
            error, is_short = packet[_ERROR], _length(packet) == 4
            if packet[_ID] == servo_id and (_length(packet) == size + 4 or (is_short and error & ~ALERT)):
                return bytes(packet[_DATA : _DATA + size]), result, error
        return b"", COMM_RX_TIMEOUT, 0


_A_PING = "a ping"
_MOST_STRAGGLERS = 50


def _length(packet: Sequence[int]) -> int:
    """From the instruction to the end [bytes]; the list itself may be longer, as stuffing was taken out of it."""
    return packet[_LENGTH] | packet[_LENGTH + 1] << 8


def name_of(servo_id: int) -> str:
    """A servo as messages call it."""
    return next((f"{servo.name} (id {servo.id})" for servo in SERVOS if servo.id == servo_id), f"servo {servo_id}")


def _silence(servo_id: int | None, what: str) -> str:
    return (
        f"{name_of(servo_id or BROADCAST_ID)} does not answer ({what}); check its cable and the arm's power, and "
        "that nothing else talks on the bus"
    )


def _encode(register: Register, value: int) -> list[int]:
    bits = 8 * register.size
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if register.is_signed else (0, (1 << bits) - 1)
    if not low <= value <= high:
        raise ValueError(f"{register.name} holds {low} to {high}, found {value}")
    return list(value.to_bytes(register.size, "little", signed=register.is_signed))


def _reason(error: int) -> str:
    return {
        _RESULT_FAIL: "it could not do it",
        4: "the value is out of its range",
        6: "the value is beyond its limits",
        _ACCESS: "not accessible now (an EEPROM register while torque is on, or read-only)",
    }.get(error, f"error {error}")
