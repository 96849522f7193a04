"""Which pictures of the board are worth keeping."""

from dataclasses import dataclass

import numpy as np

from calibration.detection import Detection
from clam_robot import config
from clam_robot.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class SelectionConfig(config.Strict):
    """What is refused.

    Attributes:
        max_edge_width: pictures with wider edges are blurred [pixel].
        max_drift: between two frames a board that moves further is moving [pixel].
        min_change: views whose corners all moved less than this are the same [pixel].
    """

    max_edge_width: float = 6.0
    max_drift: float = 1.0
    min_change: float = 12.0

    def __post_init__(self) -> None:
        for name in ("max_edge_width", "max_drift", "min_change"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: expected more than 0 pixels, found {getattr(self, name)}")


class ViewSelection:
    """Takes views one after the other and keeps those that are sharp and new.

    Args:
        config: what is refused.
        is_live: whether the pictures follow one another in time, so that a moving board can be told.

    Attributes:
        kept: views, in order.
    """

    def __init__(self, config: SelectionConfig, *, is_live: bool) -> None:
        self._config, self._is_live = config, is_live
        self._last: Detection | None = None
        self.kept: list[Detection] = []

    def consider(self, view: Detection | None) -> str | None:
        """Keep a view, or say why not; None when it was kept."""
        last, self._last = self._last, view
        if view is None:
            return "no board"
        if self.kept and (view.width, view.height) != (self.kept[0].width, self.kept[0].height):
            first = self.kept[0]
            return f"another size, {view.width} x {view.height} rather than {first.width} x {first.height}"
        if view.edge_width > self._config.max_edge_width:
            return f"blurred, edges are {view.edge_width:.1f} pixels wide"
        if self._is_live and (last is None or _change(last, view) > self._config.max_drift):
            return "moving"
        if any(_change(each, view) < self._config.min_change for each in self.kept):
            return "as before"
        self.kept.append(view)
        return None


def _change(first: Detection, second: Detection) -> float:
    """Median displacement of the corners that both see [pixel]; infinite where they share too few."""
    _, i, j = np.intersect1d(first.ids, second.ids, return_indices=True)
    if len(i) < 4:
        return float("inf")
    return float(np.median(np.linalg.norm(first.corners[i] - second.corners[j], axis=1)))
