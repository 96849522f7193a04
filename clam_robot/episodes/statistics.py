"""Mean, spread and range of what a data set holds, entry by entry."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from clam_robot.episodes.reader import Episode


@dataclass(frozen=True, kw_only=True)
class VectorStatistics:
    """Statistics of a vector, entry by entry; NaN where there is no row.

    Attributes:
        num_rows: rows they are over.
        mean: (n,).
        std: (n,), of the population.
        min: (n,).
        max: (n,).
    """

    num_rows: int
    mean: Float64[np.ndarray, "n"]
    std: Float64[np.ndarray, "n"]
    min: Float64[np.ndarray, "n"]
    max: Float64[np.ndarray, "n"]


@dataclass(frozen=True, kw_only=True)
class DatasetStatistics:
    """Statistics of a data set.

    Attributes:
        state: over every row.
        action: over labelled rows.
    """

    state: VectorStatistics
    action: VectorStatistics


class RunningStatistics:
    """Adds rows without keeping them, by the pairwise update of Chan, Golub and LeVeque (1979)."""

    def __init__(self, size: int) -> None:
        self._num_rows = 0
        self._mean = np.zeros(size)
        self._squares = np.zeros(size)
        self._min = np.full(size, np.inf)
        self._max = np.full(size, -np.inf)

    def add(self, rows: Float32[np.ndarray, "rows n"]) -> None:
        """Count rows in."""
        if not len(rows):
            return
        values = rows.astype(np.float64)
        mean = values.mean(axis=0)
        total = self._num_rows + len(values)
        shift = mean - self._mean
        self._squares += ((values - mean) ** 2).sum(axis=0) + shift**2 * (self._num_rows * len(values) / total)
        self._mean += shift * (len(values) / total)
        self._min = np.minimum(self._min, values.min(axis=0))
        self._max = np.maximum(self._max, values.max(axis=0))
        self._num_rows = total

    def result(self) -> VectorStatistics:
        """The statistics of all rows so far."""
        if self._num_rows == 0:
            nothing = np.full(len(self._mean), np.nan)
            return VectorStatistics(num_rows=0, mean=nothing, std=nothing, min=nothing, max=nothing)
        return VectorStatistics(
            num_rows=self._num_rows,
            mean=self._mean.copy(),
            std=np.sqrt(self._squares / self._num_rows),
            min=self._min,
            max=self._max,
        )


def statistics(episodes: Iterable[Episode], *, state_size: int, action_size: int) -> DatasetStatistics:
    """Go through the episodes once, one in memory at a time.

    Args:
        episodes: of one robot.
        state_size: entries S of its state.
        action_size: entries A of its action.

    Raises:
        DamagedEpisode: an array cannot be read.
    """
    state, action = RunningStatistics(state_size), RunningStatistics(action_size)
    for episode in episodes:
        state.add(episode.state)
        action.add(episode.action[episode.action_labeled])
    return DatasetStatistics(state=state.result(), action=action.result())
