"""Whether results can be written, before an arm moves for them."""

import tempfile
from pathlib import Path

from clam_robot.errors import ConfigError


def require_writable(file: Path, folder: Path | None = None) -> None:
    """Try it where they will be; nothing is left there.

    Args:
        file: of the calibration.
        folder: for pictures and report.

    Raises:
        ConfigError: one of them cannot be written; says why.
    """
    if file.is_dir():
        raise ConfigError(f"--out: expected a file, found the folder {file}; give a file in it")
    _require_room("--out", file.parent)
    if folder is not None:
        _require_room("--folder", folder)
        _require_room("--folder", folder / "pictures")


def _require_room(flag: str, folder: Path) -> None:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise ConfigError(
            f"{flag}: cannot write in {folder} ({there}: {error.strerror}); give another {flag}"
        ) from None
