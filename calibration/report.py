"""The report of a camera's intrinsics."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from calibration.board_pose import board_pose
from calibration.charts import (
    covered_in_words,
    draw_coverage,
    draw_distortion,
    draw_lens,
    draw_residuals,
    draw_view_errors,
)
from calibration.corner_pictures import SeenView, corner_pictures
from calibration.coverage import coverage
from calibration.coverage_bands import num_thin
from calibration.detection import Detection
from calibration.factory_check import FactoryCheck
from calibration.intrinsics_fit import IntrinsicsFit
from calibration.provenance import Provenance, made_fact
from calibration.report_page import chart, facts, grid, heading, line, page, paragraph, table
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import PARAMETERS

VIEW_ERRORS = (
    "A bar is the root mean square of the distances between a view's corners and where the fit draws them. One far "
    "above the others is of a blurred or moving picture, or a board that was bent."
)


def report_intrinsics(
    folder: Path, source: Provenance, views: Sequence[Detection], fit: IntrinsicsFit, factory: FactoryCheck | None
) -> Path:
    """Write the report of a camera's intrinsics; returns the page."""
    covered = coverage(source.board, views)
    sigma = np.sqrt(np.diag(fit.covariance))
    numbers = [
        (parameter, f"{value:.{digits}f}{unit}", f"± {doubt:.{digits}f}{unit}" if doubt > 0 else "not needed")
        for parameter, value, doubt in zip(PARAMETERS, fit.intrinsics.vector, sigma, strict=True)
        for digits, unit in ((2, " pixels") if parameter in ("fx", "fy", "cx", "cy") else (5, ""),)
    ]
    missing = covered.missing()
    num_corners = sum(len(each.ids) for each in views)
    num_used = sum(int((~np.isnan(each[:, 0])).sum()) for each in fit.residuals)
    parts = [
        line(
            "good" if not missing else "bad",
            "; ".join(missing) or f"The views cover the picture: corners in all of its {covered.num_covered} cells.",
        ),
        paragraph(
            f"Corners within {fit.rms:.2f} pixels rms, noise {fit.noise:.2f} pixels along one axis; lens: {fit.model}."
        ),
        "" if factory is None else line("good" if factory.is_good else "bad", str(factory)),
        table(("number", "value", "standard deviation"), numbers),
        heading("What it was made from"),
        facts(
            [
                *source.camera_facts((views[0].width, views[0].height)),
                source.view_fact(len(views), fit.left_out),
                ("corners", f"{num_used} used, {num_corners - num_used} left out"),
                made_fact(source.made_at),
            ]
        ),
        _pictures(source, views, fit),
        heading("Coverage, residuals, lens"),
        grid(
            [
                chart(draw_coverage(views, covered), "coverage", covered_in_words(covered, num_thin(covered.cells))),
                chart(
                    draw_residuals(views, fit.residuals),
                    "residuals",
                    "Arrows that all point one way in a part of the picture mean that the lens bends otherwise there; "
                    "noise points everywhere.",
                ),
                chart(
                    draw_lens(fit.intrinsics),
                    "lens",
                    "A regular grid of lines as a camera without distortion shows it, and as this lens bends it.",
                ),
                chart(
                    draw_distortion(views, fit.intrinsics),
                    "distortion",
                    "Right of the dashed line nothing was seen: there the lens is guessed from its form further in.",
                ),
            ]
        ),
        chart(draw_view_errors(fit.view_rms), "views", VIEW_ERRORS),
    ]
    return page(folder / f"{source.camera}_intrinsics.html", f"Intrinsics of {source.camera}", parts)


def _pictures(source: Provenance, views: Sequence[Detection], fit: IntrinsicsFit) -> str:
    seen: list[SeenView] = []
    for i, (view, rest) in enumerate(zip(views, fit.residuals, strict=True)):
        is_in = ~np.isnan(rest[:, 0])
        if i in fit.left_out:  # what it would be off by, at the best pose there is
            with suppress(CalibrationError):
                rest = board_pose(source.board, view, fit.intrinsics).residuals
        seen.append(SeenView(detection=view, residuals=rest, is_in=is_in, reason=fit.left_out.get(i, "")))
    shown = corner_pictures(source.pictures, seen, source.passed_over)
    return heading("Pictures with their corners") + shown if shown else ""
