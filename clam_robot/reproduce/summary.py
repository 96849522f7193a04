"""Entries of a table: mean over labelled sets, with what is left uncertain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clam_robot import config
from clam_robot.reproduce.cell import CellResult

_RESAMPLES = 4000


@dataclass(frozen=True, kw_only=True)
class Entry(config.Strict):
    """One row on one task.

    Attributes:
        row: of the table.
        robot: column.
        scores: of each labelled set, mean over its rollouts.
        mean: over the sets.
        low: of the 95 % interval, resampling sets and their rollouts.
        high: of the same.
        rollouts: of each labelled set, how many.
        seconds: mean wall time of a cell, training and rollouts [s].
        paper: what the paper reports; None where it reports nothing.
    """

    row: str
    robot: str
    scores: tuple[float, ...]
    mean: float
    low: float
    high: float
    rollouts: tuple[int, ...]
    seconds: float
    paper: float | None

    @property
    def worst(self) -> float:
        """Of the labelled sets."""
        return min(self.scores)

    @property
    def num_rollouts(self) -> int:
        """In all."""
        return sum(self.rollouts)

    @property
    def extent(self) -> str:
        """For people: draws of labelled play x rollouts of each."""
        least, most = min(self.rollouts), max(self.rollouts)
        draws = "1 draw" if len(self.rollouts) == 1 else f"{len(self.rollouts)} draws"
        return f"{draws} x {least if least == most else f'{least} to {most}'} rollouts"


def entry(row: str, robot: str, results: Sequence[CellResult], *, full_score: float, paper: float | None) -> Entry:
    """Sum up the cells of a row on a task.

    Args:
        row: name of the row.
        robot: name of the column.
        results: one for each labelled set.
        full_score: return that counts as 1; 0 to count successes instead.
        paper: its figure.
    """
    rollouts = [
        np.asarray(result.returns if full_score else result.successes, float) / (full_score or 1.0)
        for result in results
    ]
    scores = [float(scores.mean()) for scores in rollouts]
    low, high = _interval(rollouts)
    return Entry(
        row=row,
        robot=robot,
        scores=tuple(scores),
        mean=float(np.mean(scores)),
        low=low,
        high=high,
        rollouts=tuple(map(len, rollouts)),
        seconds=float(np.mean([result.train_seconds + result.evaluate_seconds for result in results])),
        paper=paper,
    )


def _interval(rollouts: Sequence[np.ndarray]) -> tuple[float, float]:
    """95 % percentile interval of a two-level bootstrap; one set alone leaves only the rollouts uncertain.

    Success that never varies would get an interval of no width, so each set is shrunk by half a success and half a
    failure (Jeffreys' prior).
    """
    rng = np.random.default_rng(0)
    chosen = rng.integers(len(rollouts), size=(_RESAMPLES, len(rollouts)))
    means = np.empty(chosen.shape)
    for k, scores in enumerate(rollouts):
        means[chosen == k] = _resampled(scores, int((chosen == k).sum()), rng)
    low, high = np.percentile(means.mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _resampled(scores: np.ndarray, num: int, rng: np.random.Generator) -> np.ndarray:
    if np.isin(scores, (0.0, 1.0)).all():
        return rng.beta(scores.sum() + 0.5, len(scores) - scores.sum() + 0.5, num)
    return rng.choice(scores, (num, len(scores))).mean(axis=1)
