"""Pictures for the reports."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")

import numpy as np
from matplotlib.figure import Figure
from scipy.spatial.transform import RigidTransform

from calibration.board import Board
from calibration.coverage import GRID, Coverage
from calibration.detection import Detection
from calibration.hand_eye import HandEyeFit, solver_angle, solver_distance
from clam_robot.hardware.calibration.intrinsics import Intrinsics

_BLUE, _RED, _GREY = "#2b6cb0", "#c53030", "#a0aec0"
_DPI = 110


def draw_coverage(path: Path, views: Sequence[Detection], covered: Coverage) -> None:
    """Where corners were seen, and how many in each cell of the picture."""
    width, height = views[0].width, views[0].height
    figure, axes = _picture(width, height, "corners that were seen, by cell of the picture")
    axes.imshow(
        np.minimum(covered.cells, 30), extent=(-0.5, width - 0.5, height - 0.5, -0.5), cmap="Blues", vmin=0, vmax=45
    )
    corners = np.concatenate([each.corners for each in views])
    axes.scatter(*corners.T, s=3, color=_BLUE, linewidths=0)
    rows, columns = GRID
    for i in range(rows):
        for j in range(columns):
            count = int(covered.cells[i, j])
            axes.text(
                (j + 0.5) * width / columns,
                (i + 0.5) * height / rows,
                str(count),
                ha="center",
                va="center",
                color=_RED if count == 0 else "#1a202c",
                fontweight="bold" if count == 0 else "normal",
            )
    _save(figure, path)


def draw_residuals(
    path: Path, views: Sequence[Detection], residuals: Sequence[np.ndarray], *, title: str = "where corners are off"
) -> None:
    """Each corner's error as an arrow, drawn longer than it is."""
    width, height = views[0].width, views[0].height
    corners = np.concatenate([each.corners for each in views])
    errors = np.concatenate(list(residuals))
    rms = float(np.sqrt(np.nanmean((errors**2).sum(axis=1))))
    longer = 0.03 * width / max(rms, 1e-6)
    figure, axes = _picture(width, height, f"{title}: rms {rms:.2f} pixels, arrows {longer:.0f} times longer")
    is_in = ~np.isnan(errors[:, 0])
    axes.quiver(
        *corners[is_in].T,
        *(longer * errors[is_in]).T,
        angles="xy",
        scale_units="xy",
        scale=1.0,
        width=0.0015,
        color=_BLUE,
    )
    if not is_in.all():
        axes.scatter(*corners[~is_in].T, s=14, marker="x", color=_RED, linewidths=1.0, label="left out")
        axes.legend(loc="lower right")
    _save(figure, path)


def draw_view_errors(path: Path, view_rms: Sequence[float]) -> None:
    """Each view's error, in the order they were taken."""
    figure = Figure(figsize=(7.2, 2.8), layout="constrained")
    axes: Any = figure.add_subplot()
    values = np.array([np.nan if each is None else each for each in view_rms])
    usual = float(np.nanmedian(values))
    numbers = np.arange(1, len(values) + 1)
    axes.bar(numbers, np.nan_to_num(values), color=[_RED if each > 2.0 * usual else _BLUE for each in values])
    for number in numbers[np.isnan(values)]:
        axes.text(number, 0.0, "out", rotation=90, ha="center", va="bottom", color=_RED)
    axes.axhline(usual, color=_GREY, linewidth=1.0, label=f"median {usual:.2f}")
    axes.set_xlabel("view")
    axes.set_ylabel("error, rms [pixel]")
    axes.legend(loc="upper right")
    _save(figure, path)


def draw_lens(path: Path, lens: Intrinsics) -> None:
    """How the lens moves a regular grid."""
    figure, axes = _picture(lens.width, lens.height, "where the lens moves straight lines")
    straight = Intrinsics(width=lens.width, height=lens.height, fx=lens.fx, fy=lens.fy, cx=lens.cx, cy=lens.cy)
    for axis, count in ((0, 13), (1, 10)):
        ends = np.linspace(0.0, (lens.width, lens.height)[axis], count)
        for end in ends:
            along = np.linspace(0.0, (lens.height, lens.width)[axis], 60)
            points = np.stack([np.full(60, end), along] if axis == 0 else [along, np.full(60, end)], axis=1)
            rays = np.column_stack([(points - (lens.cx, lens.cy)) / (lens.fx, lens.fy), np.ones(60)])
            axes.plot(*straight.project(rays).T, color=_GREY, linewidth=0.8)
            axes.plot(*lens.project(rays).T, color=_BLUE, linewidth=0.8)
    axes.plot(lens.cx, lens.cy, "+", color=_RED, markersize=12)
    _save(figure, path)


def draw_scene(path: Path, fit: HandEyeFit) -> None:
    """Camera, hand and board in all views, in the base's frame."""
    figure = Figure(figsize=(7.2, 6.2), layout="constrained")
    axes: Any = figure.add_subplot(projection="3d")
    hands = RigidTransform.from_matrix(fit.views.hands())
    is_wrist = fit.views.mount == "wrist"
    for i in range(fit.views.count):
        hand = hands[i]
        camera = hand * fit.camera if is_wrist else fit.camera
        board = fit.board if is_wrist else hand * fit.board
        if is_wrist or i == 0:
            _draw_camera(axes, camera, fit.result.intrinsics)
        if not is_wrist or i == 0:
            _draw_board(axes, board, fit.views.board)
        axes.scatter(*hand.translation, s=6, color=_GREY)
    axes.scatter(0.0, 0.0, 0.0, s=60, marker="s", color="#1a202c")
    axes.text(0.0, 0.0, -0.03, "base", ha="center", va="top")
    axes.set_xlabel("x [m]")
    axes.set_ylabel("y [m]")
    axes.set_zlabel("z [m]")
    axes.set_aspect("equal")
    axes.locator_params(nbins=5)
    axes.view_init(elev=24.0, azim=-52.0)
    moving = "camera (blue) in each view, board (black)" if is_wrist else "board (black) in each view, camera (blue)"
    axes.set_title(f"{moving}, hand (grey)", fontsize=10)
    _save(figure, path)


def draw_solvers(path: Path, fit: HandEyeFit) -> None:
    """How far each closed-form solver is from the refined camera."""
    figure = Figure(figsize=(7.2, 2.6), layout="constrained")
    left: Any
    right: Any
    left, right = figure.subplots(1, 2, sharey=True)
    names = list(fit.solvers)
    for axes, label, values in (
        (left, "from the refined camera [mm]", _each(fit, solver_distance)),
        (right, "[mrad]", _each(fit, solver_angle)),
    ):
        axes.barh(names, np.nan_to_num(values), color=_BLUE)
        for i, value in enumerate(values):
            axes.text(
                0.0 if np.isnan(value) else value, i, " failed" if np.isnan(value) else f" {value:.1f}", va="center"
            )
        axes.set_xlabel(label)
        axes.margins(x=0.15)
    left.invert_yaxis()
    _save(figure, path)


def _each(fit: HandEyeFit, measure: Callable[[RigidTransform, RigidTransform], float]) -> list[float]:
    """In thousandths; NaN where a solver failed."""
    return [float("nan") if each is None else 1e3 * measure(each, fit.camera) for each in fit.solvers.values()]


def _draw_camera(axes: Any, pose: RigidTransform, lens: Intrinsics, size: float = 0.035) -> None:  # noqa: ANN401
    x, y = 0.5 * lens.width / lens.fx, 0.5 * lens.height / lens.fy
    tips = pose.apply(size * np.array([[-x, -y, 1.0], [x, -y, 1.0], [x, y, 1.0], [-x, y, 1.0]]))
    for i in range(4):
        for end in (pose.translation, tips[(i + 1) % 4]):
            axes.plot(*np.stack([tips[i], end]).T, color=_BLUE, linewidth=0.7)


def _draw_board(axes: Any, pose: RigidTransform, board: Board) -> None:  # noqa: ANN401
    outline = pose.apply(np.concatenate([board.outline(), board.outline()[:1]]))
    axes.plot(*outline.T, color="#1a202c", linewidth=0.9)


def _picture(width: int, height: int, title: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7.2, 7.2 * height / width + 0.5), layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_title(title, fontsize=10)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=_DPI)
