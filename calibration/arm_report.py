"""The report of the arm's own calibration."""

from collections.abc import Sequence
from pathlib import Path

from calibration.arm_charts import draw_offsets, draw_sag
from calibration.arm_fit import ArmFit
from calibration.bundle_settings import GAUGE
from calibration.provenance import Provenance, arm_fact, made_fact
from calibration.report_page import chart, facts, heading, line, page, paragraph, table
from calibration.servo_stiffness import StiffnessFit


def report_arm(folder: Path, sources: Sequence[Provenance], fit: ArmFit, stiffness: StiffnessFit | None) -> Path:
    """Write it; returns the page.

    Args:
        folder: for it.
        sources: of the recordings, in the order of the fit's.
        fit: of them.
        stiffness: of the servos, where that could be told.
    """
    cameras = [each.camera for each in sources]
    rows = [
        (name, f"{1e3 * value:+.2f} {_unit(name)}", f"± {1e3 * fit.sigma(name):.2f} {_unit(name)}")
        for name, value in zip(fit.names, fit.values, strict=True)
    ]
    if stiffness is not None:
        rows += [
            (f"stiffness {name}", f"{value:.1f} Nm/rad", f"± {stiffness.sigmas[name]:.1f} Nm/rad")
            for name, value in stiffness.stiffness.items()
        ]
    worst = max(each.held_out_position for each in fit.fits)
    does_bend = bool(fit.of("compliance"))
    bends = "Links bend under gravity beyond what the encoders see" if does_bend else "No link is seen to bend"
    count = sum(each.views.count for each in fit.fits)
    agreement = "The recordings agree on one arm." if len(cameras) > 1 else "The recording is of one arm throughout."
    parts = [
        line("good", agreement),
        paragraph(
            f"{count} views of {', '.join(cameras)}. In views that were left out of a fit, a fifth at a time, the "
            f"board is within {1e3 * worst:.1f} mm. {bends}: freeing it lowers the sum of squares by {fit.gain:.0f}."
        ),
        paragraph(
            f"No camera can tell an offset of {' or '.join(GAUGE)}: the first turns all that stands in the base's "
            "frame, the second all that the hand carries. Both are contained in the cameras' places."
        ),
        table(("number", "value", "standard deviation"), rows),
        heading("What it was made from"),
        _origin(sources, fit),
        heading("Charts"),
        chart(
            draw_offsets(cameras, fit),
            "offsets",
            "True minus reported position of each joint. Bars reach two standard deviations to either side: those of "
            "different cameras should overlap.",
        ),
        ""
        if stiffness is None
        else chart(
            draw_sag(stiffness),
            "sag",
            "Each dot is a pose in which the arm stood still. Servos give way to gravity along the line; where there "
            "is none, gravity moves the joint less than its friction holds it.",
        ),
    ]
    return page(folder / "arm.html", "Arm", parts)


def _origin(sources: Sequence[Provenance], fit: ArmFit) -> str:
    rows = [arm_fact(next((each.arm_serial for each in sources if each.arm_serial), None))]
    for source, each in zip(sources, fit.fits, strict=True):
        lens = each.views.intrinsics
        rows += [
            *source.camera_facts((lens.width, lens.height)),
            ("mount", f"camera on the {each.views.mount}"),
            source.view_fact(each.views.count, {}),
        ]
    return facts([*rows, made_fact(sources[0].made_at)])


def _unit(name: str) -> str:
    return "mrad" if name.startswith("offset") else "mrad/Nm"
