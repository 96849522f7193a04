"""All that was measured in a folder, by whatever call for whatever table."""

import dataclasses
from pathlib import Path

from clam_robot.errors import ConfigError
from clam_robot.reproduce.cell import RESULT, CellConfig, CellResult, read_result


class Measurements:
    """The results in a folder, and of each cell the one with the most rollouts.

    A result that is not JSON is set aside; one that another version wrote is left alone and does not count.

    Args:
        root: folder of all data and cells.

    Attributes:
        num_draws: draws of labelled play, up to the last that is measured of any cell.
    """

    def __init__(self, root: Path) -> None:
        self._best: dict[CellConfig, CellResult] = {}
        for path in sorted((root / "cells").glob(f"*/{RESULT}")):
            result = _of_this_version(path)
            if result is None:
                continue
            there = self._best.get(_any_length(result.cell))
            if there is None or there.cell.episodes < result.cell.episodes:
                self._best[_any_length(result.cell)] = result
        self.num_draws = max((cell.train.label_set + 1 for cell in self._best), default=0)

    def best(self, cell: CellConfig, *, least: int = 1) -> CellResult | None:
        """The result of a cell with the most rollouts, however many it asks for; None if fewer than `least`."""
        result = self._best.get(_any_length(cell))
        return result if result is not None and result.cell.episodes >= least else None


def _of_this_version(path: Path) -> CellResult | None:
    try:
        result = read_result(path)
    except ConfigError:
        return None
    return result if result is not None and result.cell.key == path.parent.name else None


def _any_length(cell: CellConfig) -> CellConfig:
    return dataclasses.replace(cell, episodes=1)
