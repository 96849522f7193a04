"""The report of a camera's place."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calibration.bundle_settings import GAUGE
from calibration.charts import draw_residuals, draw_view_errors
from calibration.corner_pictures import SeenView, corner_pictures
from calibration.diagnosis import Finding
from calibration.hand_eye import HandEyeFit
from calibration.hand_eye_charts import draw_scene, draw_solvers
from calibration.hand_eye_views import HandEyeViews
from calibration.provenance import Provenance, arm_fact, made_fact
from calibration.report import VIEW_ERRORS
from calibration.report_page import chart, facts, grid, heading, line, page, paragraph, table
from clam_robot.hardware.wx250s import JOINT_NAMES


def report_hand_eye(
    folder: Path, source: Provenance, views: HandEyeViews, fit: HandEyeFit, findings: Sequence[Finding]
) -> Path:
    """Write the report of a camera's place; returns the page.

    Args:
        folder: for it.
        source: of the views.
        views: with all corners that were found.
        fit: of them.
        findings: what is wrong.
    """
    result = fit.result
    parent = "hand (tool)" if fit.views.mount == "wrist" else "base"
    seen = _seen(views, fit)
    is_in = np.concatenate([each.is_in for each in seen])
    shown = corner_pictures(source.pictures, seen, source.passed_over)
    lens = fit.views.intrinsics
    parts = [
        *(line("bad", f"{each.mistake}: {each.message}") for each in findings),
        "" if findings else line("good", "Nothing wrong was found."),
        paragraph(
            f"{fit.views.count} views. Corners within {result.rms:.2f} pixels rms, {np.sqrt(result.misfit):.2f} times "
            f"what noise explains. In views that were left out of a fit, a fifth at a time, the board is within "
            f"{1e3 * fit.held_out_position:.1f} mm and {1e3 * fit.held_out_angle:.1f} mrad."
        ),
        paragraph(
            f"The camera in the frame of the {parent}. No camera can tell an offset of {' or '.join(GAUGE)}: the first "
            "turns the whole base, the second the hand."
        ),
        table(("number", "value", "standard deviation"), _numbers(fit)),
        heading("What it was made from"),
        facts(
            [
                *source.camera_facts((lens.width, lens.height)),
                arm_fact(source.arm_serial),
                ("mount", f"camera on the {views.mount}"),
                source.view_fact(views.count, {}),
                ("corners", f"{is_in.sum()} used, {(~is_in).sum()} left out"),
                made_fact(source.made_at),
            ]
        ),
        heading("Pictures with their corners") + shown if shown else "",
        heading("Scene and residuals"),
        grid(
            [
                chart(draw_scene(fit), "scene", "Look whether it is as in your room: sides, heights, distances."),
                chart(
                    draw_residuals(fit.views.detections, result.residuals),
                    "residuals",
                    "They contain how far the arm was from where its joints say; those of one view point alike.",
                ),
            ]
        ),
        chart(draw_view_errors(result.view_rms), "views", VIEW_ERRORS),
        chart(
            draw_solvers(fit),
            "solvers",
            "OpenCV's closed-form solvers against the refined result. They know of no joint offset, and the refinement "
            "starts from the one that agrees best: some millimetres are usual. All of them far away, or failed, speaks "
            "of views that turn the hand too little.",
        ),
    ]
    return page(folder / f"{source.camera}_hand_eye.html", f"Place of camera {source.camera}", parts)


def _numbers(fit: HandEyeFit) -> list[tuple[str, str, str]]:
    """Place of the camera and offsets of the joints, each with its doubt."""
    result = fit.result
    rows = [
        (axis, f"{1e3 * value:.2f} mm", f"± {1e3 * result.sigma(f'camera {axis}'):.2f} mm")
        for axis, value in zip("xyz", fit.camera.translation, strict=True)
    ]
    turns = np.degrees(fit.camera.rotation.as_euler("xyz"))
    rows += [
        (each, f"{value:.3f}°", f"± {np.degrees(result.sigma(f'camera r{axis}')):.3f}° about the camera's {axis}")
        for each, axis, value in zip(("roll", "pitch", "yaw"), "xyz", turns, strict=True)
    ]
    return rows + [
        (
            each.replace("offset ", "offset of "),
            f"{1e3 * result.offsets[JOINT_NAMES.index(each.removeprefix('offset '))]:+.2f} mrad",
            f"± {1e3 * result.sigma(each):.2f} mrad",
        )
        for each in result.names
        if each.startswith("offset ")
    ]


def _seen(views: HandEyeViews, fit: HandEyeFit) -> list[SeenView]:
    """The views with all their corners; those that the fit left out have no residual."""
    seen: list[SeenView] = []
    for view, used, rest in zip(views.detections, fit.views.detections, fit.result.residuals, strict=True):
        is_in = np.isin(view.ids, used.ids)
        residuals = np.full((len(view.ids), 2), np.nan)
        residuals[is_in] = rest  # ids are in the same order
        seen.append(SeenView(detection=view, residuals=residuals, is_in=is_in))
    return seen
