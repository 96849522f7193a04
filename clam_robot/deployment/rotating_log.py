"""Log files that other processes write, kept from filling the disk."""

import shutil
from pathlib import Path


class RotatingLog:
    """A file that a process appends to by itself; what it holds moves on to NAME.1, NAME.2, when it is too long.

    The process keeps the file open, so it is copied and emptied, not renamed.

    Args:
        path: of the file.
        max_bytes: longest it may become.
        num_old: older ones that are kept.
    """

    def __init__(self, path: Path, *, max_bytes: int = 2**22, num_old: int = 3) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._num_old = num_old

    def rotate(self) -> bool:
        """Make room where it is needed; whether it was."""
        if not self.path.exists() or self.path.stat().st_size <= self._max_bytes:
            return False
        for number in range(self._num_old, 1, -1):
            younger = self._old(number - 1)
            if younger.exists():
                younger.replace(self._old(number))
        shutil.copyfile(self.path, self._old(1))
        with self.path.open("r+b") as file:
            file.truncate(0)
        return True

    def tail(self, num_lines: int = 5) -> str:
        """The last lines."""
        if not self.path.exists():
            return ""
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-num_lines:])

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
