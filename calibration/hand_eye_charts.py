"""Charts of where a camera is: the scene, and the closed-form solvers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.spatial.transform import RigidTransform

from calibration.board import Board
from calibration.chart_style import BLACK, BLUE, GREY, HALF, MEDIUM, SMALL, WIDE, label, legend
from calibration.hand_eye import HandEyeFit, solver_angle, solver_distance
from clam_robot.hardware.calibration.intrinsics import Intrinsics


def draw_scene(fit: HandEyeFit) -> Figure:
    """Camera, hand and board in all views, in the base's frame."""
    figure = Figure(figsize=(HALF, HALF), layout="constrained")
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
        axes.scatter(*hand.translation, s=6, color=GREY)
    axes.scatter(0.0, 0.0, 0.0, s=60, marker="s", color=BLACK)
    axes.text(0.0, 0.0, -0.03, "base", ha="center", va="top", fontsize=SMALL)
    label(axes, "x [m]", "y [m]")
    axes.set_zlabel("z [m]", fontsize=MEDIUM)
    axes.set_aspect("equal")
    axes.locator_params(nbins=4)
    axes.view_init(elev=24.0, azim=-52.0)
    axes.set_box_aspect(None, zoom=0.9)  # or its letters are cut off
    axes.set_title("where everything was, in the base's frame", fontsize=MEDIUM)
    moved = " in each view"
    handles = [
        Line2D([], [], color=BLUE),
        Line2D([], [], color=BLACK),
        Line2D([], [], color=GREY, marker="o", markersize=4, linestyle="none"),
    ]
    names = ["camera" + moved * is_wrist, "board" + moved * (not is_wrist), "hand" + moved]
    legend(figure, handles, names)
    return figure


def draw_solvers(fit: HandEyeFit) -> Figure:
    """How far each closed-form solver is from the refined camera."""
    figure = Figure(figsize=(WIDE, 2.6), layout="constrained")
    left: Any
    right: Any
    left, right = figure.subplots(1, 2, sharey=True)
    names = list(fit.solvers)
    for axes, words, values in (
        (left, "distance from the refined camera [mm]", _each(fit, solver_distance)),
        (right, "angle from the refined camera [mrad]", _each(fit, solver_angle)),
    ):
        axes.barh(names, np.nan_to_num(values), color=BLUE)
        for i, value in enumerate(values):
            axes.text(
                0.0 if np.isnan(value) else value,
                i,
                " failed" if np.isnan(value) else f" {value:.1f}",
                va="center",
                fontsize=SMALL,
            )
        label(axes, words)
        axes.margins(x=0.15)
    left.invert_yaxis()
    return figure


def _each(fit: HandEyeFit, measure: Callable[[RigidTransform, RigidTransform], float]) -> list[float]:
    """In thousandths; NaN where a solver failed."""
    return [float("nan") if each is None else 1e3 * measure(each, fit.camera) for each in fit.solvers.values()]


def _draw_camera(axes: Any, pose: RigidTransform, lens: Intrinsics, size: float = 0.035) -> None:  # noqa: ANN401
    x, y = 0.5 * lens.width / lens.fx, 0.5 * lens.height / lens.fy
    tips = pose.apply(size * np.array([[-x, -y, 1.0], [x, -y, 1.0], [x, y, 1.0], [-x, y, 1.0]]))
    for i in range(4):
        for end in (pose.translation, tips[(i + 1) % 4]):
            axes.plot(*np.stack([tips[i], end]).T, color=BLUE, linewidth=0.7)


def _draw_board(axes: Any, pose: RigidTransform, board: Board) -> None:  # noqa: ANN401
    outline = pose.apply(np.concatenate([board.outline(), board.outline()[:1]]))
    axes.plot(*outline.T, color=BLACK, linewidth=0.9)
