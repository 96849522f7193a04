"""What is wrong with an episode, all of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from clam_robot.episodes import array_metadata, column_file, schema
from clam_robot.episodes.attributes import EpisodeAttributes, require_unchanged
from clam_robot.episodes.depth_frames import DepthFrames
from clam_robot.episodes.frames import Frames
from clam_robot.errors import DamagedEpisode


def find(episode: Path, attributes: EpisodeAttributes) -> Iterator[DamagedEpisode]:
    """Read everything of an episode once, decode every frame, and go on after each damage.

    Yields:
        For each array, chunk or frame that is missing, unreadable or contradicts the others, what is wrong with it.
    """
    spec, length = attributes.spec, attributes.length
    for camera, size in spec.cameras.items():
        num_frames = attributes.num_frames.get(camera, 0)
        yield from _of_column(episode, schema.image_time_column(camera), num_frames)
        yield from _of_frames(Frames(episode, camera, (num_frames, *size.shape)))
        if camera in attributes.depth_units:
            unit = attributes.depth_units[camera]
            yield from _of_frames(DepthFrames(episode, camera, (num_frames, *size.shape[:2]), unit))
    for column in schema.joint_columns(len(attributes.joints)):
        yield from _of_column(episode, column, attributes.num_joint_samples)
    for column in schema.columns(spec, attributes.schema_version):
        yield from _of_column(episode, column, length)
    yield from _contradictions(episode, attributes)
    yield from _of_attributes(episode)


def require_times(episode: Path, time: Float64[np.ndarray, "T"]) -> None:
    """Refuse rows without a time.

    Raises:
        DamagedEpisode: names the first.
    """
    if not np.isfinite(time).all():
        row = int(np.argmin(np.isfinite(time)))
        raise DamagedEpisode(f"{episode}: array {schema.TIME}: row {row} was never written; run `clam repair`")


def require_frames(episode: Path, name: str, index: Int64[np.ndarray, "T"], num_frames: int) -> None:
    """Refuse rows that show a frame which is not there.

    Raises:
        DamagedEpisode: names the first.
    """
    is_wrong = (index < 0) | (index >= num_frames)
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise DamagedEpisode(
            f"{episode}: array {name}: row {row}: expected one of {num_frames} frames, found {index[row]}; "
            "restore it from a copy or run `clam repair`"
        )


def _contradictions(episode: Path, attributes: EpisodeAttributes) -> Iterator[DamagedEpisode]:
    """What whole arrays say that cannot be; arrays that are not whole are told of before."""
    for column in schema.columns(attributes.spec, attributes.schema_version):
        group, _, camera = column.name.partition("/")
        if column.name != schema.TIME and group != schema.FRAME_INDEX:
            continue
        try:
            values = column_file.read(episode, column, attributes.length)
        except DamagedEpisode:
            continue
        try:
            if camera:
                require_frames(episode, column.name, values, attributes.num_frames.get(camera, 0))
            else:
                require_times(episode, values)
        except DamagedEpisode as error:
            yield error


def _of_attributes(episode: Path) -> Iterator[DamagedEpisode]:
    try:
        require_unchanged(episode)
    except DamagedEpisode as error:
        yield error


def _of_column(episode: Path, column: schema.Column, num_rows: int) -> Iterator[DamagedEpisode]:
    try:
        array_metadata.require(episode, column.name, column_file.describe(column, num_rows))
    except DamagedEpisode as error:
        yield error
    for start in range(0, num_rows, schema.CHUNK_ROWS):
        try:
            column_file.read_chunk(episode, column, start // schema.CHUNK_ROWS)
        except DamagedEpisode as error:
            yield error


def _of_frames(frames: Frames) -> Iterator[DamagedEpisode]:
    try:
        frames.require()
    except DamagedEpisode as error:
        yield error
        return
    for start in range(0, len(frames), schema.SHARD_ROWS):
        shard = np.arange(start, min(start + schema.SHARD_ROWS, len(frames)))
        try:
            _ = frames[shard]
        except DamagedEpisode as error:
            found = [each for frame in shard.tolist() if (each := _of_frame(frames, frame)) is not None]
            # Where none can be read it is the file that is damaged, not so many frames.
            yield from found if len(found) < len(shard) else [error]


def _of_frame(frames: Frames, frame: int) -> DamagedEpisode | None:
    try:
        _ = frames[frame]
    except DamagedEpisode as error:
        return error
    return None
