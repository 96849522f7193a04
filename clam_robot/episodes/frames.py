"""The frames of one camera at its own rate, read when they are asked for."""

import itertools
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from clam_robot.episodes import array_metadata, frame_file, schema
from clam_robot.errors import DamagedEpisode


class Frames:
    """Frames (N, H, W, 3) uint8 RGB of one camera in one episode, in the order of the camera.

    Index it by a frame, a slice or an array of frames.
    """

    def __init__(self, episode: Path, camera: str, shape: tuple[int, int, int, int]) -> None:
        self._episode = episode
        self._name = schema.image_array(camera)
        self.shape = shape
        self.dtype = np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | np.integer[Any] | slice | np.ndarray) -> UInt8[np.ndarray, "..."]:
        """Read frames; each is decoded once.

        Raises:
            IndexError: a row that is not there.
            DamagedEpisode: the array or a shard is missing or unreadable; says which and where.
        """
        wanted = np.asarray(np.arange(len(self))[rows])
        distinct, places = np.unique(wanted, return_inverse=True)
        frames = np.empty((len(distinct), *self.shape[1:]), np.uint8)
        start = 0
        for shard, of_shard in itertools.groupby(distinct.tolist(), lambda row: row // schema.SHARD_ROWS):
            here = list(of_shard)
            self._read(shard, here, frames[start : start + len(here)])
            start += len(here)
        is_in_order = len(distinct) == wanted.size and (places.ravel() == np.arange(wanted.size)).all()
        return frames.reshape((*wanted.shape, *self.shape[1:])) if is_in_order else frames[places.reshape(wanted.shape)]

    def require(self) -> None:
        """Compare the array's description with what it has to be.

        Raises:
            DamagedEpisode: it is missing, unreadable or another; says what differs.
        """
        _ = self._folder

    @cached_property
    def _folder(self) -> Path:
        """The array's folder, once its description was found to fit."""
        level = frame_file.jpeg_level(array_metadata.read(self._episode, self._name))
        array_metadata.require(self._episode, self._name, frame_file.describe(self.shape, level))
        return self._episode / self._name

    def _read(self, shard: int, rows: list[int], out: np.ndarray) -> None:
        path = self._folder / frame_file.file_name(shard)
        try:
            frame_file.read_frames(path, rows, out)
        except (OSError, ValueError, RuntimeError) as error:
            raise DamagedEpisode(
                f"{self._episode}: array {self._name}: shard {path.name}, rows from {shard * schema.SHARD_ROWS} on, "
                f"cannot be read ({error}); restore it from a copy or run `clam repair`"
            ) from error
