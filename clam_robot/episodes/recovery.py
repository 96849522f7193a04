"""Finishes episodes that a crash left without an end."""

import dataclasses
import os
from pathlib import Path

import numpy as np

from clam_robot import config
from clam_robot.episodes import array_metadata, attributes, column_file, folders, frame_file, schema
from clam_robot.episodes.attributes import EpisodeAttributes
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.reader import Episode
from clam_robot.errors import DamagedEpisode, EpisodeError, NoEpisodes
from clam_robot.specs import RobotSpec

# Rows this many periods apart have lost rows between them.
_GAP = 1.5


def recover(folder: Path) -> Path:
    """Keep the whole rows of an unfinished episode: all but those of its last block.

    How it ended is unknown, so its success is None and its end "recovered".

    Args:
        folder: hidden folder, as a data set's summary lists them.

    Returns:
        The finished episode.

    Raises:
        NoEpisodes: nothing of it is whole.
        EpisodeError: it is still being recorded, or not an unfinished episode.
        DamagedEpisode: more is missing than a crash explains; the folder stays as it is but for its descriptions.
    """
    path = folders.final_path(folder)
    if path == folder or not folder.is_dir():
        raise EpisodeError(f"expected an unfinished episode such as .episode_000007.partial, found {folder}")
    descriptor = folders.lock(folder)
    if descriptor is None:
        raise EpisodeError(f"{folder} is still being recorded; stop the recording first")
    try:
        length = _whole_rows(folder)
        if length == 0:  # perhaps not even its attributes
            raise NoEpisodes(f"{folder}: nothing of it reached the disk; delete it")
        start = attributes.read(folder)
        _shorten(folder, start.spec, length)
        ended = _attributes(folder, start, length)
        array_metadata.write(folder, array_metadata.describe_group(config.to_dict(ended)))
        Episode(folder).check()
        folders.fsync_tree(folder)
        folder.rename(path)
    finally:
        os.close(descriptor)
    EpisodeIndex(path.parent).add(path.name, ended)
    return path


def _whole_rows(folder: Path) -> int:
    """Times are written last, so where they end every array has its rows."""
    column = schema.Column(name=schema.TIME, dtype="float64")
    try:
        num_described = int(array_metadata.read(folder, schema.TIME)["shape"][0])
        time = column_file.read(folder, column, num_described)
    except (DamagedEpisode, LookupError, TypeError, ValueError):
        return 0
    return int(np.isfinite(time).cumprod().sum())


def _shorten(folder: Path, spec: RobotSpec, length: int) -> None:
    for stray in folder.rglob("*.partial"):
        stray.unlink()
    for column in schema.columns(spec):
        array_metadata.write(folder / column.name, column_file.describe(column, length))
    for camera, size in spec.cameras.items():
        name = schema.image_array(camera)
        level = frame_file.jpeg_level(array_metadata.read(folder, name))
        array_metadata.write(folder / name, frame_file.describe((length, *size.shape), level))


def _attributes(folder: Path, start: EpisodeAttributes, length: int) -> EpisodeAttributes:
    array_metadata.write(
        folder, array_metadata.describe_group(config.to_dict(dataclasses.replace(start, length=length)))
    )
    episode = Episode(folder)
    time = episode.time
    gaps = np.flatnonzero(np.diff(time) > _GAP / start.spec.control_hz) + 1
    skews = [np.abs(times - time) for times in episode.image_times.values()]
    return dataclasses.replace(
        start,
        length=length,
        num_labeled=int(episode.action_labeled.sum()),
        end="recovered",
        recording=dataclasses.replace(
            start.recording,
            duration=float(time[-1] - time[0]),
            gaps=tuple(gaps.tolist()),
            max_skew=float(np.nanmax(skews)) if skews and np.isfinite(skews).any() else None,
        ),
    )
