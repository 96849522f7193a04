"""The accuracy of hand-eye calibration as one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

_COLOURS = {"intrinsics known": "#2b6cb0", "intrinsics fitted": "#c05621"}


def plot_accuracy(
    path: Path,
    rows: Mapping[str, Mapping[str, Sequence[Sequence[float]]]],
    names: Sequence[str],
    goals: Mapping[str, float],
) -> None:
    """A panel for each number: every seed a dot, the median a line.

    Args:
        path: of the picture.
        rows: by mount, then by what is known of the intrinsics: one of each seed, numbers in the order of `names`.
        names: of the numbers.
        goals: that the median is to stay below, by name.
    """
    columns = 4
    height = -(-len(names) // columns)
    figure = Figure(figsize=(3.0 * columns, 2.5 * height), layout="constrained")
    panels: Any = figure.subplots(height, columns, squeeze=False)
    groups = [(mount, kind) for mount, kinds in rows.items() for kind in kinds]
    rng = np.random.default_rng(0)
    for i, axes in enumerate(panels.ravel()):
        if i >= len(names):
            axes.set_axis_off()
            continue
        for place, (mount, kind) in enumerate(groups):
            values = np.array(rows[mount][kind])[:, i]
            across = place + rng.uniform(-0.18, 0.18, len(values))
            axes.plot(across, values, "o", markersize=3, alpha=0.6, color=_COLOURS[kind], label=kind)
            axes.plot([place - 0.32, place + 0.32], [np.median(values)] * 2, color=_COLOURS[kind], linewidth=2)
        if names[i] in goals:
            axes.axhline(goals[names[i]], color="#718096", linestyle="--", linewidth=1)
        axes.set_title(names[i], fontsize=9)
        middles = {mount: np.mean([p for p, (m, _) in enumerate(groups) if m == mount]) for mount in rows}
        axes.set_xticks(list(middles.values()), list(middles))
        axes.margins(y=0.08)
        axes.set_ylim(bottom=0.0)
        axes.tick_params(labelsize=8)
    lines = dict(zip(*reversed(panels[0, 0].get_legend_handles_labels()), strict=True))
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=len(lines), fontsize=9)
    figure.savefig(path, dpi=120)
