"""Success of each method as a picture."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from clam_robot.demo.result import MethodResult

COLOURS = {"clam": "#1f6feb", "vpt": "#8b949e", "bc-play": "#8b949e", "oracle": "#c9a227"}


def draw_success(results: Sequence[MethodResult], path: Path) -> None:
    """Bars with 95 % Wilson intervals, one dot for each label set; writes a PNG."""
    figure = Figure(figsize=(9.0, 0.7 + 0.42 * len(results)), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for row, result in enumerate(results):
        low, high = result.success.interval()
        rate = result.success.rate
        axes.barh(row, rate, height=0.62, color=COLOURS.get(result.method, "#8b949e"), alpha=0.85)
        axes.errorbar(
            rate, row, xerr=[[max(0.0, rate - low)], [max(0.0, high - rate)]], color="#222", capsize=4, linewidth=1.2
        )
        if len(result.runs) > 1:
            rates = [run.success.rate for run in result.runs]
            axes.plot(rates, [row] * len(rates), "o", color="white", markeredgecolor="#222", markersize=4.5)
    axes.set_yticks(range(len(results)), [result.method for result in results])
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.03)
    axes.set_xlabel("success rate, 95 % Wilson interval")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
