"""The two things whose delay is looked for: how joints moved, and what was seen of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.interpolate import make_smoothing_spline

# A joint that moves less tells nothing beside the counts of its servo [rad].
LEAST_SWING = 0.01
# What is seen need not change in proportion: a camera that turns shifts the picture the more the further it turns.
_POWERS = (1, 2, 3)
# What an arm does faster than this is the counting of its servos [Hz].
_FASTEST = 6.0


@dataclass(frozen=True, kw_only=True, eq=False)
class JointMotion:
    """Where joints were, or were told to be.

    Attributes:
        time: (n,) rising, by the robot's clock [s].
        position: (n, J) [rad].
    """

    time: Float64[np.ndarray, "n"]
    position: Float64[np.ndarray, "n J"]

    @property
    def swing(self) -> Float64[np.ndarray, "J"]:
        """From the lowest to the highest of each joint [rad]."""
        return np.ptp(self.position, axis=0) if len(self.position) else np.zeros(self.position.shape[1])

    def moving(self) -> "JointMotion":
        """The joints that move at all."""
        return JointMotion(time=self.time, position=self.position[:, self.swing >= LEAST_SWING])

    def terms_at(self, time: Float64[np.ndarray, "m"]) -> Float64[np.ndarray, "m terms"]:
        """Powers of where each joint was at these times [s], from -1 to 1 over its swing."""
        where = self._smooth(time)
        return np.concatenate([where**power for power in _POWERS], axis=1)

    @cached_property
    def _smooth(self) -> Any:  # noqa: ANN401
        """Smooth and without delay: what servos count in steps does not jump."""
        middle = 0.5 * (self.position.min(axis=0) + self.position.max(axis=0))
        rate = len(self.time) / (self.time[-1] - self.time[0])
        penalty = float(rate / (2.0 * np.pi * _FASTEST) ** 4)
        return make_smoothing_spline(self.time, (self.position - middle) / (0.5 * self.swing), lam=penalty)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """What was seen of a motion: changes between two times, or values at one.

    Attributes:
        begin: (m,) where each change begins [s]; None for values.
        end: (m,) where it ends, or the time of a value [s].
        values: (m, C) in any unit, a channel each.
        kind: what the values are, for messages.
    """

    begin: Float64[np.ndarray, "m"] | None
    end: Float64[np.ndarray, "m"]
    values: Float64[np.ndarray, "m C"]
    kind: str

    def rows(self, chosen: np.ndarray) -> "Sight":
        """Some of its rows."""
        begin = None if self.begin is None else self.begin[chosen]
        return Sight(begin=begin, end=self.end[chosen], values=self.values[chosen], kind=self.kind)

    def channels(self, chosen: np.ndarray) -> "Sight":
        """Some of its channels."""
        return Sight(begin=self.begin, end=self.end, values=self.values[:, chosen], kind=self.kind)

    def within(self, low: float, high: float) -> "Sight":
        """What was seen between two times [s]."""
        return self.rows((self.end <= high) & ((self.end if self.begin is None else self.begin) >= low))

    def terms(self, motion: JointMotion, delay: float) -> Float64[np.ndarray, "m terms"]:
        """What the motion would show if it is seen `delay` [s] late."""
        terms = motion.terms_at(self.end - delay)
        if self.begin is not None:
            return terms - motion.terms_at(self.begin - delay)
        return np.column_stack([terms, self.creep()])

    def creep(self) -> Float64[np.ndarray, "m 2"]:
        """What values may have beside the motion: any origin, and a slow change."""
        return np.column_stack([np.ones(len(self.end)), np.linspace(-1.0, 1.0, len(self.end))])
