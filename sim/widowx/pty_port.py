"""A pseudo-terminal that programs open like the serial adapter of a real arm."""

import os
import pty
import termios
import tty
from pathlib import Path

from clam_robot.errors import ConfigError

_SPEEDS = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name.startswith("B") and name[1:].isdigit() and name != "B0"
}
_CHUNK = 4096


class PtyPort:
    """A port with a name, in raw mode.

    Attributes:
        path: what a driver opens: the link where there is one, else the terminal itself.
    """

    def __init__(self, link: Path | None = None) -> None:
        """Open it.

        Args:
            link: a symbolic link to make to it, such as ttyDXL; one that leads nowhere any more is replaced.

        Raises:
            ConfigError: something else is there, or a port that exists: another twin's.
        """
        if link is not None and link.exists():
            if link.is_symlink():
                raise ConfigError(
                    f"{link} leads to {link.readlink()} already; end the twin it belongs to, choose another path, or "
                    f"remove it (rm {link}) where nobody uses it"
                )
            raise ConfigError(f"{link} is a file, not a link; choose another path for the port")
        self._link = link
        self._host = self._device = -1
        self.path = self._target = Path()
        self.plug()

    @property
    def fileno(self) -> int:
        """To wait for bytes from the host; -1 while it is unplugged."""
        return self._host

    @property
    def baud(self) -> int:
        """Rate the host set [bit/s], 0 for one that has no name."""
        return _SPEEDS.get(termios.tcgetattr(self._host)[5], 0)

    def plug(self) -> None:
        """Make the terminal and the link to it; does nothing when it is there."""
        if self._host >= 0:
            return
        self._host, self._device = pty.openpty()
        # The twin keeps the far end open too, so that a driver may come and go.
        tty.setraw(self._device, termios.TCSANOW)
        os.set_blocking(self._host, False)
        self.path = self._target = Path(os.ttyname(self._device))
        if self._link is not None:
            try:
                self._make_link(self.path, self._link)
            except OSError as error:
                self.unplug()
                raise ConfigError(f"cannot make the link {self._link}: {error.strerror}; choose another path") from None
            self.path = self._link

    def unplug(self) -> None:
        """Take terminal and link away: who has it open sees its device vanish."""
        if self._host < 0:
            return
        if self._link is not None and self._link.is_symlink() and self._link.readlink() == self._target:
            self._link.unlink()
        os.close(self._device)
        os.close(self._host)
        self._host = self._device = -1

    def read(self) -> bytes:
        """Bytes the host sent, none when there are none."""
        try:
            return os.read(self._host, _CHUNK)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """Send bytes to the host; what a host that never reads leaves no room for is lost."""
        try:
            os.write(self._host, data)
        except BlockingIOError:
            termios.tcflush(self._host, termios.TCIOFLUSH)

    @staticmethod
    def _make_link(target: Path, link: Path) -> None:
        if link.is_symlink():
            link.unlink()
        link.symlink_to(target)
