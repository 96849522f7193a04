"""Statistics as LeRobot keeps them: of every episode, and of all together.

Of each feature: min, max, mean, std (of the population), count, and the quantiles q01 to q99; of pictures over pixels
of some frames, with values in [0, 1] and shape (3, 1, 1). Features that may hold NaN have none.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8

from clam_robot.exchange import lerobot_features as features

Statistics = dict[str, np.ndarray]
"""By name of the statistic."""

_QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
_WITHOUT = (features.ACTION_REQUESTED, features.SUCCESS, features.RETURN, features.CAPTURE_TIME)
_FRAMES = 64
_PIXELS = 96


def of_rows(rows: Mapping[str, np.ndarray]) -> dict[str, Statistics]:
    """Of one episode's features, videos excepted."""
    return {
        key: _of(values.reshape(len(values), -1).astype(np.float64), len(values))
        for key, values in rows.items()
        if not key.startswith(_WITHOUT)
    }


class FrameStatistics:
    """Of one camera's pictures in one episode, from up to 64 of its frames."""

    def __init__(self, length: int) -> None:
        self._every = max(1, math.ceil(length / _FRAMES))
        self._row = 0
        self._taken: list[np.ndarray] = []

    def add(self, frame: UInt8[np.ndarray, "H W 3"]) -> None:
        """Look at the next frame."""
        if self._row % self._every == 0:
            step = max(1, max(frame.shape[:2]) // _PIXELS)
            self._taken.append(frame[::step, ::step].reshape(-1, 3))
        self._row += 1

    def result(self) -> Statistics:
        """Of what was added."""
        pixels = np.concatenate(self._taken).astype(np.float64) / 255
        found = _of(pixels, len(self._taken))
        return {name: value if name == "count" else value.reshape(3, 1, 1) for name, value in found.items()}


def _of(values: np.ndarray, count: int) -> Statistics:
    quantiles = np.quantile(values, list(_QUANTILES.values()), axis=0)
    return {
        "min": values.min(axis=0),
        "max": values.max(axis=0),
        "mean": values.mean(axis=0),
        "std": values.std(axis=0),
        "count": np.array([count]),
        **dict(zip(_QUANTILES, quantiles, strict=True)),
    }


def merged(parts: Sequence[Mapping[str, Statistics]]) -> dict[str, Statistics]:
    """Of all episodes from those of each; quantiles are means, weighted by the rows."""
    return {key: _merged([part[key] for part in parts]) for key in parts[0]}


def _merged(parts: Sequence[Statistics]) -> Statistics:
    counts = np.array([part["count"][0] for part in parts], np.float64)
    weights = counts / counts.sum()

    def average(values: Iterable[np.ndarray]) -> np.ndarray:
        return sum((weight * value for weight, value in zip(weights, values, strict=True)), start=np.zeros(()))

    mean = average(part["mean"] for part in parts)
    variance = average(part["std"] ** 2 + (part["mean"] - mean) ** 2 for part in parts)
    return {
        "min": np.min([part["min"] for part in parts], axis=0),
        "max": np.max([part["max"] for part in parts], axis=0),
        "mean": mean,
        "std": np.sqrt(variance),
        "count": np.array([int(counts.sum())]),
        **{name: average(part[name] for part in parts) for name in _QUANTILES},
    }


def as_json(found: Mapping[str, Statistics]) -> dict[str, dict[str, Any]]:
    """Nested lists."""
    return {key: {name: value.tolist() for name, value in each.items()} for key, each in found.items()}
