"""The serial port of the servo bus, as the maker's SDK wants it, but one that sleeps while it waits.

The SDK's own port returns at once with whatever has arrived and is asked again, so that waiting for nine servos at
100 Hz keeps a core busy. This one waits in poll(2) until bytes arrive or the packet's time is up.
"""

import contextlib
import errno
import fcntl
import os
import re
import select
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import serial
from dynamixel_sdk import PortHandler

from clam_robot.errors import PortUnavailable

BAUD = 1_000_000
_WRITE_TIMEOUT = 0.5  # a full buffer means that nothing drains it [s]
_CHUNK = 4096
_LOST = select.POLLERR | select.POLLHUP | select.POLLNVAL


class SerialPort(PortHandler):
    """Owns one port: opens it for itself alone, and reports its loss as `PortUnavailable`.

    The SDK calls the camel-cased methods.

    Args:
        port: device file.
        baud: bits per second.
        reply_timeout: how long a servo may think, beyond the time its bytes take [s].

    Attributes:
        reply_timeout: may be changed at any time.
    """

    def __init__(self, port: str, *, baud: int = BAUD, reply_timeout: float = 0.034) -> None:
        super().__init__(port)
        self.baudrate = baud
        self.reply_timeout = reply_timeout
        self._deadline = 0.0
        self._received = bytearray()
        self._poll, self._room = select.poll(), select.poll()

    def open(self) -> None:
        """Open it, lock it and empty it.

        Raises:
            PortUnavailable: missing, not permitted, or held by another process, which is named where it can be.
        """
        try:
            self.ser = serial.Serial(self.port_name, self.baudrate, timeout=0, exclusive=True)
        except (OSError, ValueError, termios.error) as error:  # SerialException is an OSError
            raise self._unavailable(error) from None
        self._shut_out_others()
        self.tx_time_per_byte = 10.0 / self.baudrate
        self._poll, self._room = select.poll(), select.poll()
        self._poll.register(self.ser.fileno(), select.POLLIN | _LOST)
        self._room.register(self.ser.fileno(), select.POLLOUT)
        self.is_open, self.is_using = True, False

    def set_baud(self, baud: int) -> None:
        """Change the speed of the open port.

        Raises:
            PortUnavailable: the adapter cannot, or was lost.
        """
        with self._reported():
            self._opened().baudrate = baud
        self.baudrate, self.tx_time_per_byte = baud, 10.0 / baud

    def closePort(self) -> None:
        """Give it back. May be called twice."""
        if self.ser is None:
            return
        with contextlib.suppress(OSError, termios.error):
            fcntl.ioctl(self.ser.fileno(), termios.TIOCNXCL)
        with contextlib.suppress(OSError, termios.error):
            self.ser.close()
        self.ser, self.is_open = None, False

    def clearPort(self) -> None:
        """Forget what was received."""
        self._received.clear()
        with self._reported():
            self._opened().reset_input_buffer()

    def writePort(self, packet: list[int]) -> int:
        """Send a packet and return how many bytes went out.

        A full buffer is waited for. That pyserial looks at the clock instead, and takes a port for lost where this
        process itself was stopped for a while, is why it does not write.
        """
        unsent = memoryview(bytes(packet))
        with self._reported():
            while unsent:
                try:
                    unsent = unsent[os.write(self._opened().fileno(), unsent) :]
                except BlockingIOError:
                    if not self._room.poll(_WRITE_TIMEOUT * 1e3):
                        raise OSError(errno.EIO, "it takes no more bytes") from None
        return len(packet)

    def readPort(self, length: int) -> bytes:
        """Up to `length` bytes; waits for the first of them as long as the packet may take."""
        if length <= 0:  # the SDK asks for that after a reply shorter than the shortest
            return b""
        if not self._received:
            remaining_ms = max(0.0, (self._deadline - time.monotonic()) * 1e3)
            with self._reported():
                ready = self._poll.poll(remaining_ms)
                data = os.read(self._opened().fileno(), _CHUNK) if ready and ready[0][1] & select.POLLIN else b""
                if ready and not data:
                    raise OSError(errno.EIO, "the device is gone")
                self._received += data
        taken = bytes(self._received[:length])
        del self._received[:length]
        return taken

    def setPacketTimeout(self, packet_length: int) -> None:
        """Start waiting for a reply of so many bytes."""
        self._deadline = time.monotonic() + self.tx_time_per_byte * packet_length + self.reply_timeout

    def setPacketTimeoutMillis(self, msec: float) -> None:
        """Start waiting for a reply [ms]."""
        self._deadline = time.monotonic() + msec / 1e3

    def isPacketTimeout(self) -> bool:
        """Whether the reply should be here by now."""
        return time.monotonic() > self._deadline and not self._received

    def _opened(self) -> serial.Serial:
        if self.ser is None:
            raise PortUnavailable(f"{self.port_name} is closed; open the bus first")
        return self.ser

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (OSError, termios.error, TypeError) as error:  # pyserial: TypeError where another thread closed it
            self.is_using = False
            reason = error.args[-1] if error.args else error
            raise PortUnavailable(
                f"{self.port_name} was lost while in use ({reason}); the arm holds its last goal. Check the cable and "
                "the power, then connect again"
            ) from None

    def _shut_out_others(self) -> None:
        """Keep out programs that ask for no lock, and have the adapter pass replies on at once.

        Raises:
            PortUnavailable: another process has the port open already.
        """
        if self.port_name.startswith("/dev/pts/") or Path(self.port_name).resolve().is_relative_to("/dev/pts"):
            return  # the emulator at the other end may keep this end open too
        if others := holders(self.port_name):
            self.closePort()
            raise PortUnavailable(f"{self.port_name} is in use by {others}; stop it, then try again")
        fcntl.ioctl(self._opened().fileno(), termios.TIOCEXCL)
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            self._opened().set_low_latency_mode(True)

    def _unavailable(self, error: BaseException) -> PortUnavailable:
        code = getattr(error, "errno", None)
        if code in (errno.EAGAIN, errno.EBUSY) or "lock" in str(error):
            held_by = holders(self.port_name) or "another program"
            return PortUnavailable(f"{self.port_name} is in use by {held_by}; stop it, then try again")
        if code == errno.ENOENT:
            found = sorted(
                str(path) for pattern in ("ttyDXL*", "ttyUSB*", "ttyACM*") for path in Path("/dev").glob(pattern)
            )
            return PortUnavailable(
                f"no port {self.port_name}; plug in the arm's USB adapter, or give another port "
                f"(there are: {', '.join(found) or 'no serial adapters'})"
            )
        if code == errno.EACCES:
            return PortUnavailable(
                f"this user may not open {self.port_name}; run: sudo usermod -aG dialout $USER, then log in again"
            )
        return PortUnavailable(f"cannot open {self.port_name} at {self.baudrate} baud: {error}")


def holders(port: str) -> str:
    """Processes of this machine that have a device open, as "name (pid)"; this one and those of others' left out.

    So is the emulator at the other end of a pseudo-terminal, which keeps this end open for those who come.
    """
    target, names = os.path.realpath(port), []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            held = {link.name: os.path.realpath(link) for link in (process / "fd").iterdir()}
            if target in held.values() and not any(_is_other_end(process, number, target) for number in held):
                names.append(f"{(process / 'comm').read_text().strip()} ({process.name})")
    return ", ".join(names)


def _is_other_end(process: Path, number: str, port: str) -> bool:
    """Whether a file that a process has open is the master of the pseudo-terminal /dev/pts/N."""
    index = re.search(r"^tty-index:\s*(\d+)$", (process / "fdinfo" / number).read_text(), re.MULTILINE)
    return index is not None and port == f"/dev/pts/{index[1]}"
