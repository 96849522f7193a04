"""What can still be read of an episode, whole or not, finished or not."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int64

from clam_robot.episodes import column_file, depth_file, frame_file, schema
from clam_robot.episodes.attributes import EpisodeAttributes
from clam_robot.episodes.schema import CHUNK_ROWS, SHARD_ROWS, Column
from clam_robot.errors import DamagedEpisode
from clam_robot.specs import CameraSpec


@dataclass(frozen=True, kw_only=True)
class Salvage:
    """What can be kept; indices are those of the damaged episode.

    Attributes:
        rows: which rows.
        values: by array name, all rows; filled up where they are lost and may be.
        frames: which frames, by camera.
        frame_times: of all frames [s], by camera; NaN where unknown.
        has_depth: of all frames, whether their depth is whole, by camera; only of cameras that measured it.
        frame_index: which frame of each camera every row shows, by camera.
        joints: which joint samples.
        joint_values: by array name, all samples.
        losses: what is lost, in words.
    """

    rows: Int64[np.ndarray, "kept"]
    values: Mapping[str, np.ndarray]
    frames: Mapping[str, Int64[np.ndarray, "kept_frames"]]
    frame_times: Mapping[str, Float64[np.ndarray, "N"]]
    has_depth: Mapping[str, Bool[np.ndarray, "N"]]
    frame_index: Mapping[str, Int64[np.ndarray, "T"]]
    joints: Int64[np.ndarray, "kept_samples"]
    joint_values: Mapping[str, np.ndarray]
    losses: tuple[str, ...]


# Without these a row says nothing; what the others lost is filled up.
_NEEDED = {schema.TIME, schema.STATE}


def salvage(episode: Path, attributes: EpisodeAttributes, *, is_finished: bool) -> Salvage:
    """Read all that is whole.

    A row is kept when its time, its state and all frames that it shows are whole; a lost action only loses its label,
    and lost depth is unknown depth.

    Args:
        episode: folder.
        attributes: of it; of an unfinished one those from its start.
        is_finished: whether the attributes say how long it is; otherwise it is as long as what was written.
    """
    spec, version, losses = attributes.spec, attributes.schema_version, list[str]()
    columns = schema.columns(spec, version)
    length = attributes.length if is_finished else _written(episode, columns[-1])
    values: dict[str, np.ndarray] = {}
    is_kept, is_sent = np.ones((2, length), bool)
    for column in columns:
        values[column.name], is_whole = _read(episode, column, length, losses if is_finished else None)
        if column.name in _NEEDED or column.name.startswith(schema.FRAME_INDEX):
            is_kept &= is_whole
        if column.name == schema.ACTION:
            is_sent = is_whole
    is_kept &= np.isfinite(values[schema.TIME])
    if not is_finished:
        is_kept = is_kept.cumprod().astype(bool)  # beyond the first row that is not whole, nothing was flushed
    values[schema.ACTION_LABELED] &= is_sent
    frames: dict[str, np.ndarray] = {}
    times: dict[str, np.ndarray] = {}
    index: dict[str, np.ndarray] = {}
    has_depth: dict[str, np.ndarray] = {}
    for camera, size in spec.cameras.items():
        num_frames = attributes.num_frames[camera] if is_finished else _written_frames(episode, camera)
        is_readable = _readable_frames(episode, camera, size, num_frames, losses)
        if camera in attributes.depth_units:
            has_depth[camera] = _readable_depth(episode, camera, size, num_frames, losses)
        times[camera], _ = _read(episode, schema.image_time_column(camera), num_frames, losses if is_finished else None)
        is_old = version == schema.ONE_FRAME_PER_ROW
        index[camera] = np.arange(length) if is_old else values.pop(schema.frame_index_array(camera))
        is_there = (index[camera] >= 0) & (index[camera] < num_frames)
        is_kept &= is_there
        is_kept[is_there] &= is_readable[index[camera][is_there]]
        frames[camera] = is_readable
    for camera, is_readable in frames.items():
        is_shown = np.zeros(len(is_readable), bool)
        is_shown[index[camera][is_kept]] = True
        frames[camera] = np.flatnonzero(is_readable & (is_shown | np.isfinite(times[camera])))
    joint_values, joints = _salvage_joints(episode, attributes, losses, is_finished=is_finished)
    rows = np.flatnonzero(is_kept)
    if is_finished and len(rows) < length:
        losses.append(f"{length - len(rows)} of {length} rows taken out")
    return Salvage(
        rows=rows,
        values=values,
        frames=frames,
        frame_times=times,
        has_depth=has_depth,
        frame_index=index,
        joints=joints,
        joint_values=joint_values,
        losses=tuple(losses),
    )


def _salvage_joints(
    episode: Path, attributes: EpisodeAttributes, losses: list[str], *, is_finished: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    columns = schema.joint_columns(len(attributes.joints))
    if not columns:
        return {}, np.empty(0, np.int64)
    num_samples = attributes.num_joint_samples if is_finished else _written(episode, columns[-1])
    values: dict[str, np.ndarray] = {}
    is_kept = np.ones(num_samples, bool)
    for column in columns:
        values[column.name], is_whole = _read(episode, column, num_samples, losses if is_finished else None)
        is_kept &= is_whole
    return values, np.flatnonzero(is_kept & np.isfinite(values[schema.JOINT_TIME]))


def _written(episode: Path, time: Column) -> int:
    """Times are written last: rows of an unfinished stream, up to the first file that is not whole."""
    length = 0
    for chunk in itertools.count():
        try:
            times = column_file.read_chunk(episode, time, chunk)
        except DamagedEpisode:
            return length
        length = chunk * CHUNK_ROWS + int(np.isfinite(times).cumprod().sum())
        if length < (chunk + 1) * CHUNK_ROWS:
            return length
    raise AssertionError


def _written_frames(episode: Path, camera: str) -> int:
    """Frames of an unfinished stream, up to the end of the last file."""
    folder = episode / schema.image_array(camera)
    shards = [int(path.name.split(".")[1]) for path in folder.glob("c.*.0.0.0")]
    if not shards:
        return 0
    try:
        return max(shards) * SHARD_ROWS + frame_file.num_frames(folder / frame_file.file_name(max(shards)))
    except (OSError, ValueError):
        return max(shards) * SHARD_ROWS


def _read(episode: Path, column: Column, num_rows: int, losses: list[str] | None) -> tuple[np.ndarray, np.ndarray]:
    """All rows of an array, filled up where they are lost, and which are whole."""
    rows = np.full((num_rows, *column.row), column.fill, column.dtype)
    is_whole = np.ones(num_rows, bool)
    for start in range(0, num_rows, CHUNK_ROWS):
        here = slice(start, min(start + CHUNK_ROWS, num_rows))
        try:
            rows[here] = column_file.read_chunk(episode, column, start // CHUNK_ROWS)[: here.stop - start]
        except DamagedEpisode:
            is_whole[here] = False
            if losses is not None:
                losses.append(f"{column.name}: {start} to {here.stop - 1} lost")
    return rows, is_whole


def _readable_frames(
    episode: Path, camera: str, size: CameraSpec, num_frames: int, losses: list[str]
) -> Bool[np.ndarray, "N"]:
    return _readable(episode, schema.image_array(camera), np.empty(size.shape, np.uint8), num_frames, losses)


def _readable_depth(
    episode: Path, camera: str, size: CameraSpec, num_frames: int, losses: list[str]
) -> Bool[np.ndarray, "N"]:
    name, out = schema.depth_array(camera), np.empty(size.shape[:2], np.uint16)
    return _readable(episode, name, out, num_frames, losses, depth_file.decode_depth)


def _readable(
    episode: Path,
    name: str,
    out: np.ndarray,
    num_frames: int,
    losses: list[str],
    decode: Callable[[bytes, np.ndarray], None] = frame_file.decode_frame,
) -> Bool[np.ndarray, "N"]:
    is_readable = np.zeros(num_frames, bool)
    for frame in range(num_frames):
        try:
            path = episode / name / frame_file.file_name(frame // SHARD_ROWS, out.ndim + 1)
            frame_file.read_frames(path, [frame], [out], decode)
            is_readable[frame] = True
        except (OSError, ValueError, RuntimeError):
            continue
    lost = np.flatnonzero(~is_readable)
    runs = np.split(lost, np.flatnonzero(np.diff(lost) > 1) + 1) if len(lost) else []
    losses.extend(f"{name}: frames {run[0]} to {run[-1]} lost" for run in runs)
    return is_readable
