"""Reports as one HTML page each, with their pictures beside them."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from calibration.board import Board
from calibration.bundle_settings import GAUGE
from calibration.charts import draw_coverage, draw_lens, draw_residuals, draw_scene, draw_solvers, draw_view_errors
from calibration.coverage import coverage
from calibration.detection import Detection
from calibration.diagnosis import Finding
from calibration.factory_check import FactoryCheck
from calibration.hand_eye import HandEyeFit
from calibration.intrinsics_fit import IntrinsicsFit
from calibration.report_page import images, line, page, table
from clam_robot.hardware.calibration.intrinsics import PARAMETERS
from clam_robot.hardware.wx250s import JOINT_NAMES


def report_intrinsics(
    folder: Path, name: str, board: Board, views: Sequence[Detection], fit: IntrinsicsFit, factory: FactoryCheck | None
) -> Path:
    """Write the report of a camera's intrinsics; returns the page."""
    covered = coverage(board, views)
    pictures = [f"{name}_{each}.png" for each in ("coverage", "residuals", "views", "lens")]
    draw_coverage(folder / pictures[0], views, covered)
    draw_residuals(folder / pictures[1], views, fit.residuals)
    draw_view_errors(folder / pictures[2], fit.view_rms)
    draw_lens(folder / pictures[3], fit.intrinsics)
    sigma = np.sqrt(np.diag(fit.covariance))
    num_out = sum(each is None for each in fit.poses)
    numbers = [
        (parameter, f"{value:.4f}", f"± {doubt:.4f}" if doubt > 0 else "not needed")
        for parameter, value, doubt in zip(PARAMETERS, fit.intrinsics.vector, sigma, strict=True)
    ]
    missing = covered.missing()
    parts = [
        line(
            "good" if not missing else "bad",
            "; ".join(missing) or f"The views cover the picture: corners in all of its {covered.num_covered} cells.",
        ),
        f"<p>{len(views)} views, {num_out} left out; corners within {fit.rms:.2f} pixels rms, noise {fit.noise:.2f} "
        f"along one axis; lens: {escape(fit.model)}.</p>",
        "" if factory is None else line("good" if factory.is_good else "bad", str(factory)),
        table(("number", "value", "standard deviation"), numbers),
        images(pictures),
    ]
    return page(folder / f"{name}_intrinsics.html", f"Intrinsics of {name}", parts)


def report_hand_eye(folder: Path, name: str, fit: HandEyeFit, findings: Sequence[Finding]) -> Path:
    """Write the report of a camera's place; returns the page."""
    pictures = [f"{name}_{each}.png" for each in ("scene", "errors", "arrows", "solvers")]
    result = fit.result
    draw_scene(folder / pictures[0], fit)
    draw_view_errors(folder / pictures[1], result.view_rms)
    draw_residuals(folder / pictures[2], fit.views.detections, result.residuals)
    draw_solvers(folder / pictures[3], fit)
    parent = "hand (tool)" if fit.views.mount == "wrist" else "base"
    rows = [
        (axis, f"{1e3 * value:.2f} mm", f"± {1e3 * result.sigma(f'camera {axis}'):.2f} mm")
        for axis, value in zip("xyz", fit.camera.translation, strict=True)
    ]
    turns = np.degrees(fit.camera.rotation.as_euler("xyz"))
    rows += [
        (each, f"{value:.3f}°", f"± {np.degrees(result.sigma(f'camera r{axis}')):.3f}° about the camera's {axis}")
        for each, axis, value in zip(("roll", "pitch", "yaw"), "xyz", turns, strict=True)
    ]
    rows += [
        (
            each.replace("offset ", "offset of "),
            f"{1e3 * result.offsets[_index(each)]:+.2f} mrad",
            f"± {1e3 * result.sigma(each):.2f} mrad",
        )
        for each in result.names
        if each.startswith("offset ")
    ]
    parts = [
        *(line("bad", f"{each.mistake}: {each.message}") for each in findings),
        "" if findings else line("good", "Nothing wrong was found."),
        f"<p>{fit.views.count} views. Corners within {result.rms:.2f} pixels rms, {np.sqrt(result.misfit):.2f} times "
        f"what noise explains. In views that were left out the board is within {1e3 * fit.held_out_position:.1f} mm "
        f"and {1e3 * fit.held_out_angle:.1f} mrad.</p>",
        f"<p>The camera in the frame of the {parent}. No camera can tell an offset of {' or '.join(GAUGE)}: the first "
        "turns the whole base, the second the hand.</p>",
        table(("number", "value", "standard deviation"), rows),
        images(pictures),
    ]
    return page(folder / f"{name}_hand_eye.html", f"Place of camera {name}", parts)


def _index(name: str) -> int:
    return JOINT_NAMES.index(name.removeprefix("offset "))
