"""What a calibration says when a person ends it with Ctrl-C."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clam_robot.cli.console import console


@contextmanager
def tells_what_stays(file: Path) -> Iterator[None]:
    """Says after Ctrl-C whether a calibration file is as it was; files are written whole or not at all."""
    before = _stamp(file)
    try:
        yield
    except KeyboardInterrupt:
        is_as_before = _stamp(file) == before
        told = f"{file} {'stays as it was' if before else 'was not made'}" if is_as_before else f"{file} is written"
        console.print(told, markup=False, soft_wrap=True)
        raise


def _stamp(file: Path) -> tuple[int, int] | None:
    if not file.exists():
        return None
    known = file.stat()
    return known.st_ino, known.st_mtime_ns
