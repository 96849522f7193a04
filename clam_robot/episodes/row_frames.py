"""The frames that the rows of an episode show."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt

from clam_robot.episodes.frames import Frames


class RowFrames:
    """What each row showed of one camera, (T, H, W, 3) uint8 RGB, or the depth of it, (T, H, W) uint16.

    A frame that several rows show is decoded once.

    Index it by a row, a slice or an array of rows.

    Args:
        frames: of the camera, at its own rate.
        length: rows T.
        index: gives which frame each row shows, (T,); called when the first frame is asked for.
    """

    def __init__(self, frames: Frames, length: int, index: Callable[[], Int64[np.ndarray, "T"]]) -> None:
        self._frames = frames
        self._read_index = index
        self.shape = (length, *frames.shape[1:])
        self.dtype = frames.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | np.integer[Any] | slice | np.ndarray) -> UInt[np.ndarray, "..."]:
        """Read frames.

        Raises:
            IndexError: a row that is not there.
            DamagedEpisode: an array or a shard is missing or unreadable; says which and where.
        """
        return self._frames[self._index[rows]]

    def read(self, rows: Int64[np.ndarray, "n"], out: Sequence[np.ndarray]) -> None:
        """Decode what rows show straight to where it is wanted, see `Frames.read`."""
        self._frames.read(self._index[rows], out)

    @cached_property
    def _index(self) -> np.ndarray:
        return self._read_index()
