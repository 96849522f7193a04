"""The report of the arm's own calibration."""

from collections.abc import Sequence
from pathlib import Path

from calibration.arm_charts import draw_offsets, draw_sag
from calibration.arm_fit import ArmFit
from calibration.bundle_settings import GAUGE
from calibration.report_page import images, line, page, table
from calibration.servo_stiffness import StiffnessFit


def report_arm(folder: Path, cameras: Sequence[str], fit: ArmFit, stiffness: StiffnessFit | None) -> Path:
    """Write it; returns the page."""
    pictures = ["arm_offsets.png"]
    draw_offsets(folder / pictures[0], cameras, fit)
    rows = [
        (name, f"{1e3 * value:+.2f} {_unit(name)}", f"± {1e3 * fit.sigma(name):.2f} {_unit(name)}")
        for name, value in zip(fit.names, fit.values, strict=True)
    ]
    if stiffness is not None:
        pictures.append("arm_sag.png")
        draw_sag(folder / pictures[1], stiffness)
        rows += [
            (f"stiffness {name}", f"{value:.1f} Nm/rad", f"± {stiffness.sigmas[name]:.1f} Nm/rad")
            for name, value in stiffness.stiffness.items()
        ]
    worst = max(each.held_out_position for each in fit.fits)
    does_bend = bool(fit.of("compliance"))
    bends = "Links bend under gravity beyond what the encoders see" if does_bend else "No link is seen to bend"
    count = sum(each.views.count for each in fit.fits)
    parts = [
        line("good", "The recordings agree on one arm."),
        f"<p>{count} views of {', '.join(cameras)}. In views that were left out the board is within "
        f"{1e3 * worst:.1f} mm. {bends}: freeing it lowers the sum of squares by {fit.gain:.0f}.</p>",
        f"<p>No camera can tell an offset of {' or '.join(GAUGE)}: the first turns all that stands in the base's "
        "frame, the second all that the hand carries. Both are contained in the cameras' places.</p>",
        table(("number", "value", "standard deviation"), rows),
        images(pictures),
    ]
    return page(folder / "arm.html", "Arm", parts)


def _unit(name: str) -> str:
    return "mrad" if name.startswith("offset") else "mrad/Nm"
