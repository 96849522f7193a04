"""A picture of how well frames and joints lie over one another."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from calibration.latency import LatencyFit, LatencyViews

_SECONDS = 4.0  # that are drawn
_COLOURS = ("#a0aec0", "#2b6cb0", "#dd6b20")


def draw_latency(path: Path, views: LatencyViews, fit: LatencyFit) -> Path:
    """Of each camera: the motion it saw, against that of the joints, as stamped and as corrected."""
    figure = Figure(figsize=(8.0, 2.6 * len(fit.cameras)), layout="constrained")
    moving = views.reported.moving()
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
        for delay, colour, label in ((0.0, _COLOURS[0], "joints as stamped"), (found.delay, _COLOURS[1], "corrected")):
            expected = (sight.terms(moving, delay) @ shares)[:, strongest] / seconds[:, 0]
            axes.plot(middle, expected, color=colour, label=label)
        axes.plot(middle, seen, ".", color=_COLOURS[2], markersize=4, label="seen")
        start = 0.5 * (middle[-1] - _SECONDS)
        axes.set_xlim(start, start + _SECONDS)
        side = "behind" if found.delay >= 0.0 else "before"
        axes.set_title(f"{name}: {1e3 * abs(found.delay):.1f} ms {side} the joints", fontsize=10)
        axes.set_ylabel("shift, pixel/s")
        axes.legend(loc="upper right", fontsize=8)
    figure.supxlabel("time, s", fontsize=9)
    figure.savefig(path, dpi=110)
    return path
