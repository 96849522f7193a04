"""Whether pictures are of the camera that they are taken for."""

from collections.abc import Sequence
from pathlib import Path

from calibration.recording import CaptureInfo
from clam_robot.cli.console import console
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.calibration import Calibration


def doubts_of_recording(
    name: str, images: Path, info: CaptureInfo | None, serial: str, calibration: Calibration, source: Path
) -> list[str]:
    """What speaks against recorded pictures being of a camera; nothing where all fits.

    Args:
        name: of the camera, as the command was told.
        images: folder of the pictures.
        info: what the folder says of itself; None where it says nothing.
        serial: of the camera that took them; "" where nobody knows.
        calibration: with the cameras that are known.
        source: where it stands, for messages.
    """
    found: list[str] = []
    if info is not None and info.camera != name:
        found.append(f"{images} was recorded with camera {info.camera!r}, expected {name!r}")
    known = calibration.cameras.get(name)
    if known is None:
        return found + doubts_of_serial(name, serial, calibration, source)
    if known.serial != serial:
        hint = "are two cameras swapped?" if serial else f"if it is that one say --serial {known.serial}"
        found.append(
            f"the pictures are of camera {serial or 'without a serial'}, {source} has "
            f"{known.serial or 'one without a serial'} for {name!r}; {hint}"
        )
    return found


def doubts_of_serial(name: str, serial: str, calibration: Calibration, source: Path) -> list[str]:
    """Whether a camera's serial number is known as that of another one; a camera that was replaced raises none."""
    known = calibration.cameras.get(name)
    if not serial or (known is not None and known.serial == serial):
        return []
    others = [other for other, each in calibration.cameras.items() if other != name and each.serial == serial]
    return [
        f"camera {name!r} has serial {serial!r}, which {source} has for {other!r}; are two cameras swapped?"
        for other in others
    ]


def refuse(doubts: Sequence[str], accept: bool) -> None:
    """Say what speaks against it.

    Raises:
        CalibrationError: something does, and the person did not accept it.
    """
    if doubts and not accept:
        raise CalibrationError(f"{'; '.join(doubts)}; nothing is written (--accept takes it as it is)")
    for each in doubts:
        console.print("[bold red]accepted[/]: ", end="")
        console.print(each, markup=False, soft_wrap=True)
