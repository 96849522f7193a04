"""What is known of an episode as a whole; stored as the attributes of its zarr group."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clam_robot import config
from clam_robot.episodes import array_metadata, schema
from clam_robot.episodes.evidence import CameraEvidence, StreamEvidence
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
        limits: periods in which each rule of the safety limiter changed or refused the action, by its name.
        cameras: how well each camera was recorded.
        joints: how well the joints were recorded at the arm's own rate; None where they were not.
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
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    cameras: Mapping[str, CameraEvidence] = field(default_factory=dict[str, CameraEvidence])
    joints: StreamEvidence | None = None
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
        num_frames: frames N, by camera.
        joints: names of the joints J whose samples are stored; empty where there are none.
        num_joint_samples: M.
        num_labeled: rows whose action may be used as a label.
        success: as judged by the world or a person; None when nobody knows.
        end: why it ended.
        recording: how well the recording went.
        repairs: what was taken out or filled up to make a damaged episode readable; empty where nothing was.
        operator: who recorded, where a person did.
        mode: what for, "demonstration" or "play", where a person said so.
        verdict: what a person said of it, "success", "failure" or "unsure"; "" for nothing.
        notes: of a person.
        depth_units: of the depth of each camera that measured it [m]; empty where none did.
        time_corrections: latency that was taken off the times of an array, by its name, before they were stored [s].
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
    num_frames: Mapping[str, int] = field(default_factory=dict[str, int])
    joints: tuple[str, ...] = ()
    num_joint_samples: int = 0
    repairs: tuple[str, ...] = ()
    operator: str = ""
    mode: str = ""
    verdict: str = ""
    notes: str = ""
    depth_units: Mapping[str, float] = field(default_factory=dict[str, float])
    time_corrections: Mapping[str, float] = field(default_factory=dict[str, float])


CHECKSUM = "checksum"
"""Attribute that tells whether those beside it are as they were written."""


def described(attributes: EpisodeAttributes) -> dict[str, Any]:
    """The description of an episode's group, its attributes with their checksum."""
    values = config.to_dict(attributes)
    return array_metadata.describe_group({**values, CHECKSUM: {"of": sorted(values), "sha256": _sha256(values)}})


def require_unchanged(folder: Path) -> None:
    """Compare the attributes of the episode in `folder` with their checksum; episodes of older versions have none.

    Attributes that other programs added are not looked at.

    Raises:
        DamagedEpisode: they are not as they were written, or unreadable.
        UnknownSchema: written by a version this one does not read.
    """
    found = read_raw(folder)
    if CHECKSUM not in found:
        return
    try:
        expected = found[CHECKSUM]["sha256"]
        values = {name: found[name] for name in found[CHECKSUM]["of"]}
    except (KeyError, TypeError):
        values, expected = {}, ""
    if _sha256(values) != expected:
        raise DamagedEpisode(
            f"{folder / schema.METADATA}: the attributes are not what was written; restore it from a copy, or "
            "`clam repair` keeps what they say now"
        )


def _sha256(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(json.loads(json.dumps(values)), sort_keys=True).encode()).hexdigest()


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
        raise DamagedEpisode(
            f"{folder}: cannot read its attributes: {error}; restore it from a copy, or set it aside with `clam repair`"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedEpisode(
            f"{path}: not the description of an episode ({error}); restore it from a copy, or set it aside with "
            "`clam repair`"
        ) from error
    version = found.get("schema_version")
    if version not in (schema.SCHEMA_VERSION, schema.ONE_FRAME_PER_ROW):
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
    known = {each.name: raw[each.name] for each in dataclasses.fields(EpisodeAttributes) if each.name in raw}
    is_old = raw["schema_version"] == schema.ONE_FRAME_PER_ROW
    if is_old and isinstance(known.get("recording"), dict):
        # The worst skew of all cameras together, which there was then, says nothing of one.
        known["recording"] = {name: value for name, value in known["recording"].items() if name != "max_skew"}
    try:
        found = config.from_dict(EpisodeAttributes, known, source=str(folder / schema.METADATA))
    except ConfigError as error:
        raise DamagedEpisode(f"{error}; restore it from a copy, or set it aside with `clam repair`") from error
    if is_old:
        return dataclasses.replace(found, num_frames=dict.fromkeys(found.spec.cameras, found.length))
    if not found.depth_units.keys() <= found.spec.cameras.keys():
        raise DamagedEpisode(
            f"{folder}: expected depth_units of cameras {', '.join(found.spec.cameras) or 'none'} only, "
            f"found {', '.join(found.depth_units)}; restore it from a copy, or set it aside with `clam repair`"
        )
    if found.num_frames.keys() != found.spec.cameras.keys():
        raise DamagedEpisode(
            f"{folder}: expected num_frames of cameras {', '.join(found.spec.cameras) or 'none'}, "
            f"found {', '.join(found.num_frames) or 'none'}; restore it from a copy, or set it aside with `clam repair`"
        )
    return found
