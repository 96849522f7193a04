"""Smooth noise."""

import numpy as np
from jaxtyping import Float64


class OrnsteinUhlenbeck:
    """Noise that wanders and returns: stationary, Gaussian, correlated over a while.

    Args:
        size: entries.
        rng: it draws from.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._unit = rng.normal(size=size)

    def step(self, *, std: float, correlation: float) -> Float64[np.ndarray, "size"]:
        """The next value.

        Args:
            std: standard deviation of the value.
            correlation: with the value before, 0 (white) to 1 (constant); exp(-1/n) forgets within n steps.
        """
        fresh = self._rng.normal(size=len(self._unit))
        self._unit = correlation * self._unit + np.sqrt(1.0 - correlation**2) * fresh
        return std * self._unit
