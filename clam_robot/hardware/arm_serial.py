"""What tells one arm from another: the serial number of its USB adapter."""

from pathlib import Path

TTYS = Path("/sys/class/tty")


def arm_serial(port: str, ttys: Path = TTYS) -> str | None:
    """Of the adapter behind a serial port; None where there is none, as of a twin's port.

    Args:
        port: device, or a link to it.
        ttys: where Linux describes serial ports.
    """
    interface = (ttys / Path(port).resolve().name / "device").resolve()
    for folder in (interface, *interface.parents[:3]):
        if (folder / "idVendor").is_file():
            try:
                return (folder / "serial").read_text(encoding="utf-8", errors="replace").strip() or None
            except OSError:
                return None
    return None
