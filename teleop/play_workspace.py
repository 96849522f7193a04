"""Where the hand is to go in play, cell by cell, in words of the person who drives."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from clam_robot import config
from clam_robot.errors import ConfigError
from teleop.mapping import turned
from teleop.play_counts import Cell


@dataclass(frozen=True, kw_only=True)
class PlayBox(config.Strict):
    """The part of the workspace that play is to fill.

    Attributes:
        low: smallest x, y, z of the hand, in the base frame [m].
        high: largest [m].
        cell: edge of the cells it is told in [m].
    """

    low: tuple[float, float, float] = (0.15, -0.2, 0.02)
    high: tuple[float, float, float] = (0.35, 0.2, 0.22)
    cell: float = 0.1

    def __post_init__(self) -> None:
        if not 0.0 < self.cell < np.inf:
            raise ConfigError(f"cell: expected a positive edge, found {self.cell}")
        if not all(high - low >= self.cell / 2 for low, high in zip(self.low, self.high, strict=True)):
            raise ConfigError(f"box: expected room for a cell of {self.cell} m, found {self.low} to {self.high}")

    @classmethod
    def around(cls, points: Sequence[Float[np.ndarray, "3"]]) -> "PlayBox":
        """The part of the workspace that things span, with some room beside and above them."""
        low, high = np.min(points, axis=0), np.max(points, axis=0)
        x, y, z = (low - np.array([_BESIDE, _BESIDE, 0.0])).tolist()
        far, left, up = (high + np.array([_BESIDE, _BESIDE, _ABOVE])).tolist()
        return cls(low=(x, y, z), high=(far, left, up))

    @property
    def shape(self) -> Cell:
        """Number of cells along x, y, z."""
        x, y, z = (max(1, round((b - a) / self.cell)) for a, b in zip(self.low, self.high, strict=True))
        return x, y, z

    @property
    def num_cells(self) -> int:
        """All of them."""
        return int(np.prod(self.shape))

    def cell_of(self, point: Float[np.ndarray, "3"]) -> Cell | None:
        """The cell a point [m] is in; None outside the box."""
        low, size = np.array(self.low), np.array(self.high) - np.array(self.low)
        x, y, z = np.floor((point - low) / size * np.array(self.shape)).astype(int).tolist()
        is_inside = all(0 <= k < n for k, n in zip((x, y, z), self.shape, strict=True))
        return (x, y, z) if is_inside else None

    def emptiest(self, visited: frozenset[Cell], heading: float) -> str:
        """The part of the box that was visited least, as the person sees it: "far, left, high"; "" when all were.

        Args:
            visited: cells.
            heading: which way the person looks, as a turn about z from the base's x [rad].
        """
        middle = (np.array(self.shape) - 1) / 2
        parts: dict[tuple[str, ...], list[bool]] = {}
        for x, y, z in itertools.product(*map(range, self.shape)):
            seen = turned(np.array([x, y, z]) - middle, -heading)
            part = tuple(
                word
                for value, (less, more) in zip(seen, _SIDES, strict=True)
                if (word := more if value > _MIDDLE else less if value < -_MIDDLE else "")
            )
            parts.setdefault(part, []).append((x, y, z) in visited)
        shares = {part: sum(seen) / len(seen) for part, seen in parts.items()}
        part = min(shares, key=lambda each: (shares[each], -len(parts[each])))
        return "" if shares[part] == 1.0 else ", ".join(part) or "in the middle"


_BESIDE, _ABOVE = 0.05, 0.1  # [m]
_SIDES = (("near", "far"), ("right", "left"), ("low", "high"))
_MIDDLE = 0.25
