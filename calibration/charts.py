"""Charts of what a camera saw: coverage, residuals, views, lens."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from calibration.chart_style import BLUE, GREY, HALF, MEDIUM, ORANGE, RED, label, legend, picture_chart, wide_chart
from calibration.coverage import GRID, Coverage
from calibration.coverage_bands import BANDS, TEXT_COLOUR, band_of
from calibration.detection import Detection
from clam_robot.hardware.calibration.intrinsics import Intrinsics

# Times the median, and of no sharper views than these [pixel], from which on one is shown as one to look at.
_FAR_OFF, _FINEST = 2.0, 0.1
# Of the picture's width, that the usual residual fills.
_ARROW = 0.03


def draw_coverage(views: Sequence[Detection], covered: Coverage) -> Figure:
    """Where corners were seen, and how many in each cell of the picture."""
    width, height = views[0].width, views[0].height
    figure, axes = picture_chart(width, height, "corners in each cell of the picture")
    axes.imshow(
        [[BANDS.index(band_of(int(count))) for count in row] for row in covered.cells],
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        cmap=ListedColormap([each.colour for each in BANDS]),
        vmin=0,
        vmax=len(BANDS) - 1,
    )
    corners = np.concatenate([each.corners for each in views])
    axes.scatter(*corners.T, s=2, color=BLUE, linewidths=0, alpha=0.6)
    rows, columns = GRID
    for i in range(rows):
        for j in range(columns):
            band = band_of(int(covered.cells[i, j]))
            axes.text(
                (j + 0.5) * width / columns,
                (i + 0.5) * height / rows,
                str(covered.cells[i, j]),
                ha="center",
                va="center",
                fontsize=MEDIUM,
                color=TEXT_COLOUR,
                fontweight="bold",
                bbox={"boxstyle": "round,pad=0.15", "facecolor": band.colour, "alpha": 0.85, "linewidth": 0},
            )
    axes.vlines(np.arange(1, columns) * width / columns - 0.5, -0.5, height - 0.5, color="white", linewidth=0.8)
    axes.hlines(np.arange(1, rows) * height / rows - 0.5, -0.5, width - 0.5, color="white", linewidth=0.8)
    legend(figure, [Patch(color=each.colour) for each in BANDS], [each.words for each in BANDS], columns=2)
    return figure


def draw_residuals(views: Sequence[Detection], residuals: Sequence[np.ndarray]) -> Figure:
    """Each corner's error as an arrow, drawn longer than it is."""
    width, height = views[0].width, views[0].height
    corners = np.concatenate([each.corners for each in views])
    errors = np.concatenate(list(residuals))
    rms = float(np.sqrt(np.nanmean((errors**2).sum(axis=1))))
    longer = float(f"{_ARROW * width / max(rms, 1e-6):.1g}")
    figure, axes = picture_chart(width, height, f"residuals, drawn {longer:g} times as long: rms {rms:.2f} pixels")
    is_in = ~np.isnan(errors[:, 0])
    axes.quiver(
        *corners[is_in].T,
        *(longer * errors[is_in]).T,
        angles="xy",
        scale_units="xy",
        scale=1.0,
        width=0.0022,
        color=ORANGE,
    )
    handles, names = [Line2D([], [], color=ORANGE, linewidth=1.5)], ["residual of a corner that was used"]
    if not is_in.all():
        axes.scatter(*corners[~is_in].T, s=14, marker="x", color=RED, linewidths=1.0)
        handles.append(Line2D([], [], color=RED, marker="x", linestyle="none"))
        names.append("left out")
    legend(figure, handles, names)
    return figure


def draw_view_errors(view_rms: Sequence[float]) -> Figure:
    """Each view's error, in the order they were taken."""
    figure, axes = wide_chart(3.2)
    values = np.array(view_rms, np.float64)
    usual = float(np.nanmedian(values))
    numbers = np.arange(1, len(values) + 1)
    limit = _FAR_OFF * max(usual, _FINEST)
    is_out, is_far = np.isnan(values), values > limit
    axes.bar(numbers, np.nan_to_num(values), color=np.where(is_far, RED, BLUE))
    axes.scatter(numbers[is_out], np.full(is_out.sum(), 0.05 * np.nanmax(values)), marker="x", color=RED, s=30)
    median = axes.axhline(usual, color=GREY, linewidth=1.2)
    axes.set_xlim(0.4, len(values) + 0.6)
    axes.xaxis.get_major_locator().set_params(integer=True)
    label(axes, "view, in the order they were taken", "residual, rms [pixel]")
    handles: list[Any] = [Patch(color=BLUE), median]
    names = ["used", f"median {usual:.2f} pixels"]
    if is_far.any():
        handles.append(Patch(color=RED))
        names.append(f"used, but above {limit:.2f} pixels, {_FAR_OFF:g} times the usual: look at its picture")
    if is_out.any():
        handles.append(Line2D([], [], color=RED, marker="x", linestyle="none"))
        names.append("left out")
    legend(figure, handles, names)
    return figure


def draw_lens(lens: Intrinsics) -> Figure:
    """How the lens moves a regular grid."""
    figure, axes = picture_chart(lens.width, lens.height, "what the lens makes of straight lines")
    straight = Intrinsics(width=lens.width, height=lens.height, fx=lens.fx, fy=lens.fy, cx=lens.cx, cy=lens.cy)
    for axis, count in ((0, 13), (1, 10)):
        ends = np.linspace(0.0, (lens.width, lens.height)[axis], count)
        for end in ends:
            along = np.linspace(0.0, (lens.height, lens.width)[axis], 60)
            points = np.stack([np.full(60, end), along] if axis == 0 else [along, np.full(60, end)], axis=1)
            rays = np.column_stack([(points - (lens.cx, lens.cy)) / (lens.fx, lens.fy), np.ones(60)])
            axes.plot(*straight.project(rays).T, color=GREY, linewidth=0.8)
            axes.plot(*lens.project(rays).T, color=BLUE, linewidth=0.8)
    (centre,) = axes.plot(lens.cx, lens.cy, "+", color=RED, markersize=12, markeredgewidth=1.8)
    handles = [Line2D([], [], color=GREY), Line2D([], [], color=BLUE), centre]
    legend(figure, handles, ["without distortion", "as this lens draws them", "its centre"])
    return figure


def draw_distortion(views: Sequence[Detection], lens: Intrinsics) -> Figure:
    """How far the lens moves what it sees, by the distance from its centre."""
    figure = Figure(figsize=(HALF, HALF * lens.height / lens.width + 0.75), layout="constrained")
    axes: Any = figure.add_subplot()
    straight = replace(lens, distortion=(0.0,) * 5)
    reach = max(np.hypot(x - lens.cx, y - lens.cy) for x in (0, lens.width) for y in (0, lens.height))
    distance = np.linspace(0.0, reach, 100)
    rays = np.column_stack([distance / lens.fx, np.zeros(100), np.ones(100)])
    axes.plot(distance, (lens.project(rays) - straight.project(rays))[:, 0], color=BLUE)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    furthest = max(float(np.linalg.norm(each.corners - (lens.cx, lens.cy), axis=1).max()) for each in views)
    seen = axes.axvline(furthest, color=ORANGE, linestyle="--")
    axes.set_title("what the lens does to distances from its centre", fontsize=MEDIUM)
    label(axes, "distance from the lens's centre [pixel]", "further out by [pixel]")
    legend(figure, [Line2D([], [], color=BLUE), seen], ["this lens", "furthest corner that was seen"])
    return figure


def covered_in_words(covered: Coverage, num_few: int) -> str:
    """What the map of the picture tells, beneath it."""
    few = f"; {num_few} of them thinly (yellow): what the lens does there is known less well" if num_few else ""
    if covered.num_covered < covered.cells.size:
        return f"{covered.num_covered} of {covered.cells.size} cells are covered{few}. Red ones hold no corner."
    return f"A cell with a corner is covered: all {covered.cells.size} are{few}."
