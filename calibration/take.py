"""One take of a motion: joints, set-points and small pictures, each with the stamps they came with."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64, UInt8

from calibration.capture_date import require_date
from calibration.delay_signals import JointMotion
from calibration.image_motion import ImageMotion
from calibration.latency import LatencyViews
from clam_robot import config
from clam_robot.errors import CalibrationError, ConfigError

INFO, MOTION = "take.json", "motion.npz"


@dataclass(frozen=True, kw_only=True)
class FilmedCamera(config.Strict):
    """A camera of a take.

    Attributes:
        serial: what tells it from others.
        applied: latency that was taken off its stamps already [s].
        time_source: where they come from.
        fps: it was asked for [1/s].
    """

    serial: str
    applied: float
    time_source: str
    fps: float


@dataclass(frozen=True, kw_only=True)
class TakeInfo(config.Strict):
    """What a take is of.

    Attributes:
        driver: the way to the joints.
        arm_serial: of the arm; None where it is not known.
        state_applied: latency that was taken off the stamps of the joints already [s].
        cameras: by name.
        made_at: when it was filmed, UTC, ISO 8601; None where nobody wrote it down.
    """

    driver: Literal["dynamixel", "ros"]
    arm_serial: str | None = None
    state_applied: float = 0.0
    cameras: dict[str, FilmedCamera] = field(default_factory=dict[str, FilmedCamera])
    made_at: str | None = None

    def __post_init__(self) -> None:
        if self.made_at is not None:
            require_date(self.made_at)


@dataclass(frozen=True, kw_only=True, eq=False)
class Film:
    """Frames of one camera.

    Attributes:
        time: of each [s].
        images: grey.
    """

    time: Float64[np.ndarray, "n"]
    images: UInt8[np.ndarray, "n H W"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Take:
    """All of it.

    Attributes:
        info: what it is of.
        reported: where the joints were.
        told: their set-points; None where they are not known.
        films: by camera.
    """

    info: TakeInfo
    reported: JointMotion
    told: JointMotion | None
    films: Mapping[str, Film]

    def views(self) -> LatencyViews:
        """What the cameras saw of it."""
        cameras = {}
        for name, film in self.films.items():
            motion = ImageMotion(name)
            for time, image in zip(film.time, film.images, strict=True):
                motion.add(float(time), image)
            cameras[name] = motion.sight()
        return LatencyViews(reported=self.reported, told=self.told, cameras=cameras)


def save_take(take: Take, folder: Path) -> None:
    """Write it into a folder, in place of the take that was there."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"time": take.reported.time, "position": take.reported.position}
    if take.told is not None:
        arrays |= {"told_time": take.told.time, "told_position": take.told.position}
    np.savez(folder / MOTION, **arrays)  # pyright: ignore[reportArgumentType]
    for name, film in take.films.items():
        np.savez(folder / f"{name}.npz", time=film.time, images=film.images)
    (folder / INFO).write_text(json.dumps(config.to_dict(take.info), indent=1) + "\n", encoding="utf-8")


def take_files(folder: Path) -> list[Path]:
    """What a take consists of, but its description, which a person may have corrected later."""
    return sorted(folder.glob("*.npz"))


def load_take(folder: Path) -> Take:
    """Read it again.

    Raises:
        ConfigError: its description is missing or does not fit.
        CalibrationError: a file is missing or damaged; names it.
    """
    if not (folder / INFO).exists():
        raise ConfigError(f"expected a folder that `clam calibrate latency` wrote, found no {INFO} in {folder}")
    info = config.load(TakeInfo, folder / INFO)
    motion = _arrays(folder / MOTION, ("time", "position"))
    told = None
    if "told_time" in motion:
        told = JointMotion(time=motion["told_time"], position=motion["told_position"])
    films = {}
    for name in info.cameras:
        found = _arrays(folder / f"{name}.npz", ("time", "images"))
        films[name] = Film(time=found["time"], images=found["images"])
    return Take(
        info=info, reported=JointMotion(time=motion["time"], position=motion["position"]), told=told, films=films
    )


def _arrays(path: Path, names: tuple[str, ...]) -> dict[str, Any]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = dict(arrays)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CalibrationError(f"cannot read {path}: {error}; take the motion again") from None
    if missing := [name for name in names if name not in found]:
        raise CalibrationError(f"{path}: expected arrays {', '.join(names)}, missing {', '.join(missing)}")
    return found
