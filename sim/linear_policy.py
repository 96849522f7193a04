"""Affine policies on standardised observations: the class random search looks through."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float32, Float64

from clam_robot import config
from clam_robot.errors import ConfigError

DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class LinearPolicy(config.Strict):
    """Actions clip(M (o - mean) / scale + bias, -1, 1) for an observation o, in the suite's own action units.

    Attributes:
        mean: (S,) subtracted from the observation.
        scale: (S,) standard deviations it is divided by, positive.
        gains: (A, S), M.
        bias: (A,) the action at the mean.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    gains: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]

    def __post_init__(self) -> None:
        num_states, num_actions = len(self.mean), len(self.bias)
        shapes = {len(self.scale), *map(len, self.gains)}
        if shapes != {num_states} or len(self.gains) != num_actions:
            raise ConfigError(
                f"mean, scale and each row of gains need {num_states} entries, and gains {num_actions} rows like bias;"
                f" found {sorted(shapes)} entries and {len(self.gains)} rows"
            )
        if not all(scale > 0 for scale in self.scale):
            raise ConfigError(f"scales must be positive, found {min(self.scale)}")

    @classmethod
    def of(
        cls, parameters: Float64[np.ndarray, "P"], mean: Float64[np.ndarray, "S"], scale: Float64[np.ndarray, "S"]
    ) -> "LinearPolicy":
        """The policy of a parameter vector (see `unpack`), rounded to `DIGITS` significant digits."""
        gains, bias = unpack(parameters, len(mean))
        return cls(mean=_rounded(mean), scale=_rounded(scale), gains=tuple(map(_rounded, gains)), bias=_rounded(bias))

    @property
    def num_states(self) -> int:
        """S."""
        return len(self.mean)

    @property
    def num_actions(self) -> int:
        """A."""
        return len(self.bias)

    @cached_property
    def parameters(self) -> Float64[np.ndarray, "P"]:
        """Gains and bias in one vector, as `unpack` takes them apart."""
        return np.concatenate([np.asarray(self.gains), np.asarray(self.bias)[:, np.newaxis]], axis=1).ravel()

    def act(self, observation: Float[np.ndarray, "S"]) -> Float32[np.ndarray, "A"]:
        """The action for an observation."""
        one = self.parameters[np.newaxis]
        return act(one, observation[np.newaxis], np.asarray(self.mean), np.asarray(self.scale))[0]


def unpack(
    parameters: Float64[np.ndarray, "*N P"], num_states: int
) -> tuple[Float64[np.ndarray, "*N A S"], Float64[np.ndarray, "*N A"]]:
    """Gains and biases of parameter vectors: an action's gains and then its bias, action after action."""
    rows = parameters.reshape(*parameters.shape[:-1], -1, num_states + 1)
    return rows[..., :-1], rows[..., -1]


def act(
    parameters: Float64[np.ndarray, "N P"],
    observations: Float[np.ndarray, "N S"],
    mean: Float64[np.ndarray, "S"],
    scale: Float64[np.ndarray, "S"],
) -> Float32[np.ndarray, "N A"]:
    """Each policy's action for its own observation."""
    gains, bias = unpack(parameters, len(mean))
    actions = np.einsum("nas,ns->na", gains, (observations - mean) / scale) + bias
    return np.clip(actions, -1.0, 1.0).astype(np.float32)


def _rounded(values: Float64[np.ndarray, "n"]) -> tuple[float, ...]:
    return tuple(float(f"{value:.{DIGITS}g}") for value in values)
