"""The frames of one camera at its own rate, read when they are asked for."""

import itertools
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt

from clam_robot.episodes import array_metadata, frame_file, schema
from clam_robot.errors import DamagedEpisode


class Frames:
    """Frames (N, H, W, 3) uint8 RGB of one camera in one episode, in the order of the camera.

    Index it by a frame, a slice or an array of frames.
    """

    num_axes = 4
    dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __init__(self, episode: Path, camera: str, shape: tuple[int, ...]) -> None:
        self._episode = episode
        self._name = self.name_of(camera)
        self.shape = shape

    @staticmethod
    def name_of(camera: str) -> str:
        """Path of the array."""
        return schema.image_array(camera)

    def describe(self) -> dict[str, Any]:
        """What the array's description has to be.

        Raises:
            DamagedEpisode: it is missing or unreadable.
        """
        return frame_file.describe(self.shape, frame_file.jpeg_level(array_metadata.read(self._episode, self._name)))

    def decode(self, path: Path, rows: Sequence[int], out: Sequence[np.ndarray]) -> None:
        """Decode frames of a shard, see `frame_file.read_frames`."""
        frame_file.read_frames(path, rows, out)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | np.integer[Any] | slice | np.ndarray) -> UInt[np.ndarray, "..."]:
        """Read frames; each is decoded once.

        Raises:
            IndexError: a row that is not there.
            DamagedEpisode: the array or a shard is missing or unreadable; says which and where.
        """
        wanted = np.asarray(np.arange(len(self))[rows])
        frames = np.empty((*wanted.shape, *self.shape[1:]), self.dtype)
        self.read(wanted.ravel(), list(frames.reshape(-1, *self.shape[1:])))
        return frames

    def read(self, rows: Int64[np.ndarray, "n"], out: Sequence[np.ndarray]) -> None:
        """Decode frames straight to where they are wanted; each is decoded once.

        Args:
            rows: (n,) which frames, in any order, from 0 on.
            out: n arrays of a frame's shape, C-contiguous.

        Raises:
            DamagedEpisode: as `__getitem__`.
        """
        order: list[int] = np.argsort(rows, kind="stable").tolist()
        for shard, of_shard in itertools.groupby(order, lambda place: rows[place] // schema.SHARD_ROWS):
            first: dict[int, np.ndarray] = {}
            again: list[tuple[int, np.ndarray]] = []
            for place in of_shard:
                row = int(rows[place])
                if row in first:
                    again.append((row, out[place]))
                else:
                    first[row] = out[place]
            self._read(int(shard), list(first), list(first.values()))
            for row, copy in again:
                copy[...] = first[row]

    def require(self) -> None:
        """Compare the array's description with what it has to be.

        Raises:
            DamagedEpisode: it is missing, unreadable or another; says what differs.
        """
        _ = self._folder

    @cached_property
    def _folder(self) -> Path:
        """The array's folder, once its description was found to fit."""
        array_metadata.require(self._episode, self._name, self.describe())
        return self._episode / self._name

    def _read(self, shard: int, rows: list[int], out: list[np.ndarray]) -> None:
        path = self._folder / frame_file.file_name(shard, self.num_axes)
        try:
            self.decode(path, rows, out)
        except (OSError, ValueError, RuntimeError) as error:
            raise DamagedEpisode(
                f"{self._episode}: array {self._name}: shard {path.name}, rows from {shard * schema.SHARD_ROWS} on, "
                f"cannot be read ({error}); restore it from a copy or run `clam repair`"
            ) from error
