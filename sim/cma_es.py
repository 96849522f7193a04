"""CMA-ES: derivative-free search that learns the shape of its own steps.

Source: N. Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv 1604.00772, with the tutorial's default constants and
positive recombination weights only. The names are the tutorial's: m mean, sigma step size, C covariance, p_c and
p_sigma evolution paths, mu_eff the effective number of parents.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

_DECOMPOSE_EVERY = 5
_SMALLEST_VARIANCE = 1e-14


@dataclass(kw_only=True)
class CmaState:
    """All that goes on from one generation to the next, so that a stored search resumes exactly.

    Attributes:
        mean: (P,) m.
        sigma: () step size.
        covariance: (P, P) C.
        path: (P,) p_c.
        sigma_path: (P,) p_sigma.
        axes: (P, P) eigenvectors of C when it was last decomposed, in columns.
        lengths: (P,) square roots of its eigenvalues.
        generation: () generations so far.
    """

    mean: Float64[np.ndarray, "P"]
    sigma: Float64[np.ndarray, ""]
    covariance: Float64[np.ndarray, "P P"]
    path: Float64[np.ndarray, "P"]
    sigma_path: Float64[np.ndarray, "P"]
    axes: Float64[np.ndarray, "P P"]
    lengths: Float64[np.ndarray, "P"]
    generation: np.ndarray

    @classmethod
    def start(cls, num_parameters: int, sigma: float) -> "CmaState":
        """Around zero, with round steps of `sigma`."""
        zero, identity = np.zeros(num_parameters), np.eye(num_parameters)
        return cls(
            mean=zero,
            sigma=np.array(sigma),
            covariance=identity,
            path=zero,
            sigma_path=zero,
            axes=identity,
            lengths=np.ones(num_parameters),
            generation=np.array(0),
        )


class CmaEs:
    """Asks for candidates and is told how good they were.

    Args:
        state: where to start; it is changed.
        population: candidates per generation, at least 4.
    """

    def __init__(self, state: CmaState, population: int) -> None:
        self.state = state
        self._population = population
        self._constants = _constants(len(state.mean), population)

    def ask(self, rng: np.random.Generator) -> Float64[np.ndarray, "population P"]:
        """The candidates of this generation."""
        state = self.state
        z = rng.normal(size=(self._population, len(state.mean)))
        return state.mean + state.sigma * (z * state.lengths) @ state.axes.T

    def tell(self, candidates: Float64[np.ndarray, "population P"], scores: Float64[np.ndarray, "population"]) -> None:
        """Move towards the candidates with the highest scores."""
        state, c = self.state, self._constants
        best = np.argsort(-scores, kind="stable")[: len(c.weights)]
        y = (candidates[best] - state.mean) / state.sigma
        step = c.weights @ y
        whitened = state.axes @ ((state.axes.T @ step) / state.lengths)
        state.generation = state.generation + 1
        state.mean = state.mean + state.sigma * step
        state.sigma_path = (1 - c.c_sigma) * state.sigma_path + np.sqrt(
            c.c_sigma * (2 - c.c_sigma) * c.mu_eff
        ) * whitened
        length = np.linalg.norm(state.sigma_path)
        # The path stalls while the step size grows fast (h_sigma of the tutorial).
        expected = np.sqrt(1 - (1 - c.c_sigma) ** (2 * int(state.generation)))
        moves = float(length / expected < (1.4 + 2 / (len(step) + 1)) * c.chi)
        state.path = (1 - c.c_c) * state.path + moves * np.sqrt(c.c_c * (2 - c.c_c) * c.mu_eff) * step
        lost = (1 - moves) * c.c_1 * c.c_c * (2 - c.c_c)
        state.covariance = (
            (1 - c.c_1 - c.c_mu + lost) * state.covariance
            + c.c_1 * np.outer(state.path, state.path)
            + c.c_mu * (y.T * c.weights) @ y
        )
        state.sigma = np.array(state.sigma * np.exp(c.c_sigma / c.d_sigma * (length / c.chi - 1)))
        if state.generation % _DECOMPOSE_EVERY == 0:
            variances, state.axes = np.linalg.eigh(state.covariance)
            state.lengths = np.sqrt(np.maximum(variances, _SMALLEST_VARIANCE))


class _Constants(NamedTuple):
    weights: np.ndarray
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float
    chi: float


def _constants(n: int, population: int) -> _Constants:
    """Table 1 of the tutorial."""
    parents = population // 2
    weights = np.log(parents + 0.5) - np.log(np.arange(1, parents + 1))
    weights /= weights.sum()
    mu_eff = float(1 / (weights**2).sum())
    c_sigma = (mu_eff + 2) / (n + mu_eff + 5)
    c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)
    return _Constants(
        weights=weights,
        mu_eff=mu_eff,
        c_sigma=c_sigma,
        d_sigma=1 + 2 * max(0.0, np.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma,
        c_c=(4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n),
        c_1=c_1,
        c_mu=min(1 - c_1, 2 * (mu_eff - 2 + 1 / mu_eff) / ((n + 2) ** 2 + mu_eff)),
        chi=float(np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2))),
    )
