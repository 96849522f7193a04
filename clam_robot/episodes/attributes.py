"""What is known of an episode as a whole; stored as the attributes of its zarr group."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clam_robot import config
from clam_robot.episodes import schema
from clam_robot.errors import ConfigError, DamagedEpisode, UnknownSchema
from clam_robot.specs import RobotSpec


@dataclass(frozen=True, kw_only=True)
class RecordingStatistics(config.Strict):
    """How well the recording went.

    Attributes:
        achieved_hz: control periods per second really reached; None where unknown.
        duration: time from the first row to the last [s].
        num_overruns: periods that began late.
        num_limited: periods in which the safety limiter changed or refused the action.
        num_held: periods without a fresh action.
        num_dropped: rows lost because the disk was slower than the robot.
        gaps: rows before which rows were lost; row k and row k - 1 are then not one period apart.
        max_skew: largest distance between a row's time and the capture of its frames [s]; None without cameras.
        infer_ms_p50: median time of an inference [ms]; None where nothing was inferred.
        infer_ms_p95: 95th percentile of the same [ms].
    """

    achieved_hz: float | None = None
    duration: float = 0.0
    num_overruns: int = 0
    num_limited: int = 0
    num_held: int = 0
    num_dropped: int = 0
    gaps: tuple[int, ...] = ()
    max_skew: float | None = None
    infer_ms_p50: float | None = None
    infer_ms_p95: float | None = None


@dataclass(frozen=True, kw_only=True)
class EpisodeAttributes(config.Strict):
    """What is known of an episode as a whole.

    Attributes:
        schema_version: which version of the layout this is.
        spec: the robot.
        task: what was to be done.
        source: who acted: "expert", "play", "policy", "teleop", ...
        seed: scene seed, where there was one.
        is_labeled: False for a video-only demonstration.
        calibration: the robot's calibration at the time; None where there was none.
        started_at: UTC, ISO 8601.
        software: version of clam-robot that wrote it.
        length: rows T.
        num_labeled: rows whose action may be used as a label.
        success: as judged by the world or a person; None when nobody knows.
        end: why it ended.
        recording: how well the recording went.
        operator: who recorded, where a person did.
        mode: what for, "demonstration" or "play", where a person said so.
        verdict: what a person said of it, "success", "failure" or "unsure"; "" for nothing.
        notes: of a person.
    """

    schema_version: int
    spec: RobotSpec
    task: str
    source: str
    seed: int | None
    is_labeled: bool
    calibration: dict[str, Any] | None
    started_at: str
    software: str
    length: int
    num_labeled: int
    success: bool | None
    end: str
    recording: RecordingStatistics
    operator: str = ""
    mode: str = ""
    verdict: str = ""
    notes: str = ""


def read_raw(folder: Path) -> dict[str, Any]:
    """Every attribute of the episode in `folder`, those of other programs included.

    Raises:
        DamagedEpisode: the attributes are missing or unreadable.
        UnknownSchema: written by a version this one does not read.
    """
    path = folder / schema.METADATA
    try:
        found: dict[str, Any] = dict(json.loads(path.read_bytes())["attributes"])
    except OSError as error:
        raise DamagedEpisode(f"{folder}: cannot read its attributes: {error}; restore or delete the episode") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedEpisode(f"{path}: not the description of an episode ({error}); restore or delete it") from error
    version = found.get("schema_version")
    if version != schema.SCHEMA_VERSION:
        raise UnknownSchema(
            f"{folder}: expected schema version {schema.SCHEMA_VERSION}, found {version}; "
            f"it was written by {found.get('software', 'another program')}, read it with that"
        )
    return found


def read(folder: Path) -> EpisodeAttributes:
    """The attributes of the episode in `folder`; further ones, of other programs, are passed over.

    Raises:
        DamagedEpisode: an attribute is missing or does not fit; says which.
        UnknownSchema: written by a version this one does not read.
    """
    raw = read_raw(folder)
    known = {field.name: raw[field.name] for field in dataclasses.fields(EpisodeAttributes) if field.name in raw}
    try:
        return config.from_dict(EpisodeAttributes, known, source=str(folder / schema.METADATA))
    except ConfigError as error:
        raise DamagedEpisode(f"{error}; restore or delete the episode") from error
