"""The frames of a camera, decoded and scaled once, for windows that share them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from clam_robot.episodes.reader import Episode
from clam_robot.errors import InvalidImage
from clam_robot.models.vision import resize


@dataclass(frozen=True, kw_only=True)
class Film:
    """Frames in memory, and which of them each window shows.

    Attributes:
        frames: (R, 3, s, s) of every row of every episode.
        rows: (N, W) of each transition's window.
    """

    frames: UInt8[Tensor, "R 3 s s"]
    rows: Int64[Tensor, "N W"]

    def windows(self, indices: Int64[Tensor, "B"], first: int, stop: int) -> UInt8[Tensor, "B T 3 s s"]:
        """Of the transitions at `indices` the window's frames from `first` to before `stop`."""
        return self.frames[self.rows[indices, first:stop]]


def develop(episodes: Sequence[Episode], rows: Int64[Tensor, "N W"], *, camera: str, size: int) -> Film:
    """Read every frame of a camera.

    Raises:
        InvalidImage: an episode lacks the camera; names both.
        DamagedEpisode: a frame cannot be read.
    """
    parts: list[Tensor] = []
    for episode in episodes:
        if camera not in episode.images:
            there = ", ".join(episode.images) or "none"
            raise InvalidImage(
                f"{episode.path}: no camera {camera!r}; there are {there}; record with --cameras {camera}"
            )
        frames = torch.from_numpy(episode.images[camera][:]).permute(0, 3, 1, 2)
        parts.append(resize(frames, size).contiguous())
    return Film(frames=torch.cat(parts), rows=rows)
