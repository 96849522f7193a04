"""A chart of how well frames and joints lie over one another."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from calibration.chart_style import BLUE, GREY, MEDIUM, ORANGE, WIDE, label, legend
from calibration.latency import LatencyFit, LatencyViews

_SECONDS = 4.0  # that are drawn


def draw_latency(views: LatencyViews, fit: LatencyFit) -> Figure:
    """Of each camera: the motion it saw, against that of the joints, as stamped and as corrected."""
    figure = Figure(figsize=(WIDE, 2.7 * len(fit.cameras) + 0.4), layout="constrained")
    moving = views.reported.moving()
    drawn: list[Any] = []
    axes: Any = None
    for place, (name, found) in enumerate(fit.cameras.items(), 1):
        sight = views.cameras[name]
        assert sight.begin is not None
        seconds = (sight.end - sight.begin)[:, np.newaxis]
        terms = sight.terms(moving, found.delay)
        shares, *_ = np.linalg.lstsq(terms, sight.values, rcond=None)
        strongest = int((terms @ shares).var(axis=0).argmax())
        seen = sight.values[:, strongest] / seconds[:, 0]
        middle = 0.5 * (sight.begin + sight.end) - sight.begin[0]
        axes = figure.add_subplot(len(fit.cameras), 1, place)
        drawn = []
        for delay, colour in ((0.0, GREY), (found.delay, BLUE)):
            expected = (sight.terms(moving, delay) @ shares)[:, strongest] / seconds[:, 0]
            drawn += axes.plot(middle, expected, color=colour)
        drawn += axes.plot(middle, seen, ".", color=ORANGE, markersize=5)
        start = 0.5 * (middle[-1] - _SECONDS)
        axes.set_xlim(start, start + _SECONDS)
        side = "behind" if found.delay >= 0.0 else "before"
        axes.set_title(f"{name}: {1e3 * abs(found.delay):.1f} ms {side} the joints", fontsize=MEDIUM)
        label(axes, "", "shift [pixel/s]")
    if axes is not None:
        axes.set_xlabel("time [s]", fontsize=MEDIUM)
    legend(figure, drawn, ["expected from the joints as stamped", "the same, corrected", "seen in the pictures"])
    return figure
