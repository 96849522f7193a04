"""A machine as the checks see it: its files below a root, the environment, the user, and what is installed."""

import importlib.metadata
import importlib.util
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clam_robot.doctor.disk_speed import write_speed


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _has_module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What checks may look at; tests hand in a tree and answers of their own.

    Attributes:
        root: of the file system, above /sys, /dev, /proc, /etc and /run.
        environ: environment variables.
        uid: of the user.
        groups: numbers of the user's groups.
        version: of an installed Python package; None where it is not installed.
        has_module: whether Python finds a module, without loading it.
        free_bytes: free space where a folder is or would be [byte].
        write_speed: of the disk there [byte/s].
    """

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    uid: int = field(default_factory=os.getuid)
    groups: Collection[int] = field(default_factory=lambda: {os.getgid(), *os.getgroups()})
    version: Callable[[str], str | None] = _version
    has_module: Callable[[str], bool] = _has_module
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    write_speed: Callable[[Path], float] = write_speed

    def path(self, path: str) -> Path:
        """An absolute path, below the root."""
        return self.root / path.lstrip("/")

    def read(self, path: str) -> str | None:
        """What a small file says, without white space around it; None where it cannot be read."""
        return self.text(self.path(path))

    def text(self, path: Path) -> str | None:
        """The same of a path below the root, as `glob` finds them."""
        try:
            return path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:  # for others to read, or gone since it was found
            return None

    def glob(self, pattern: str) -> list[Path]:
        """Paths that fit, below the root, in order."""
        return sorted(self.root.glob(pattern.lstrip("/")))

    def may_use(self, path: Path) -> bool:
        """Whether the user may read and write what is at a path."""
        if self.uid == 0:
            return True
        status = path.stat()
        if status.st_uid == self.uid:
            return status.st_mode & 0o600 == 0o600
        if status.st_gid in self.groups:
            return status.st_mode & 0o060 == 0o060
        return status.st_mode & 0o006 == 0o006
