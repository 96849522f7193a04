"""An episode's frames in order, a few in memory at a time."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8

from clam_robot.episodes import schema
from clam_robot.episodes.reader import Episode


def episode_frames(episode: Episode, camera: str) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """One frame per row.

    Raises:
        DamagedEpisode: a frame cannot be read.
    """
    for _, frames in episode_blocks(episode, camera):
        yield from frames


def episode_blocks(episode: Episode, camera: str) -> Iterator[tuple[int, UInt8[np.ndarray, "n H W 3"]]]:
    """The same, some rows at a time: number of the first one, and the frames.

    Raises:
        DamagedEpisode: a frame cannot be read.
    """
    frames = episode.images[camera]
    for start in range(0, len(episode), schema.SHARD_ROWS):
        yield start, frames[start : start + schema.SHARD_ROWS]
