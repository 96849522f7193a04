"""The frames of one camera, read when they are asked for."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from jaxtyping import UInt8

from clam_robot.episodes import schema
from clam_robot.errors import DamagedEpisode


class Frames:
    """Frames (T, H, W, 3) uint8 RGB of one camera in one episode.

    Index it by a row, a slice or an array of rows.
    """

    def __init__(self, episode: Path, camera: str, shape: tuple[int, int, int, int]) -> None:
        self._episode = episode
        self._name = schema.image_array(camera)
        self.shape = shape
        self.dtype = np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | np.integer[Any] | slice | np.ndarray) -> UInt8[np.ndarray, "..."]:
        """Read frames.

        Raises:
            IndexError: a row that is not there.
            DamagedEpisode: the array or a shard is missing or unreadable; says which rows.
        """
        wanted = np.arange(len(self))[rows]
        distinct, places = np.unique(wanted, return_inverse=True)
        frames = np.empty((len(distinct), *self.shape[1:]), np.uint8)
        for place, run in _runs(distinct):
            frames[place] = self._read(run)
        return frames[places.reshape(np.shape(wanted))]

    @cached_property
    def _array(self) -> Any:  # noqa: ANN401 (zarr.Array)
        where = f"{self._episode}: array {self._name}"
        try:
            array = zarr.open_array(str(self._episode), path=self._name, mode="r", zarr_format=3)
        except Exception as error:
            raise DamagedEpisode(f"{where}: cannot be read ({error}); restore or delete the episode") from error
        if array.shape != self.shape or array.dtype != self.dtype:
            raise DamagedEpisode(f"{where}: expected {self.shape} uint8, found {array.shape} {array.dtype}")
        return array

    def _read(self, run: slice) -> np.ndarray:
        # Zarr reads a file that is not there, or empty after a loss of power, as black frames.
        for shard in range(run.start // schema.SHARD_ROWS, (run.stop - 1) // schema.SHARD_ROWS + 1):
            name = schema.shard_name(shard)
            path = self._episode / self._name / name
            if not path.exists() or path.stat().st_size == 0:
                raise self._damage(name, run, "it is missing or empty")
        try:
            return np.asarray(self._array[run])
        except DamagedEpisode:
            raise
        except Exception as error:
            if run.stop - run.start > 1:
                for row in range(run.start, run.stop):
                    self._read(slice(row, row + 1))
            raise self._damage(schema.shard_name(run.start // schema.SHARD_ROWS), run, str(error)) from error

    def _damage(self, shard: str, run: slice, why: str) -> DamagedEpisode:
        rows = f"row {run.start}" if run.stop == run.start + 1 else f"rows {run.start} to {run.stop - 1}"
        return DamagedEpisode(
            f"{self._episode}: array {self._name}: shard {shard}, {rows}, cannot be read ({why}); "
            "restore or delete the episode"
        )


def _runs(rows: np.ndarray) -> list[tuple[slice, slice]]:
    """Neighbouring rows taken together: where they go, and which rows of the array they are."""
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    starts, stops = [0, *breaks.tolist()], [*breaks.tolist(), len(rows)]
    return [
        (slice(start, stop), slice(int(rows[start]), int(rows[stop - 1]) + 1))
        for start, stop in zip(starts, stops, strict=True)
    ]
