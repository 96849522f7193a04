"""The report of latencies."""

from pathlib import Path

import clam_robot
from calibration.latency import LatencyFit, LatencyViews
from calibration.latency_chart import draw_latency
from calibration.provenance import arm_fact, in_words
from calibration.report_page import chart, facts, heading, line, page, table
from calibration.take import TakeInfo
from clam_robot.hardware.calibration.latency_calibration import Latency, LatencyCalibration


def report_latency(
    folder: Path, info: TakeInfo, views: LatencyViews, fit: LatencyFit, record: LatencyCalibration
) -> Path:
    """Write it; returns the page.

    Args:
        folder: for it.
        info: what the take is of.
        views: of the motion.
        fit: of them.
        record: what this take told of every path.
    """
    rows = [("joints: from the measurement to the stamp, as it was given", *_in_words(record.state))]
    if record.command is not None:
        rows.append(("command: from a set-point to the joints being there", *_in_words(record.command)))
    rows += [
        (f"camera {name}: from the middle of the exposure to the stamp", *_in_words(each.latency))
        for name, each in record.cameras.items()
    ]
    seconds = views.reported.time[-1] - views.reported.time[0]
    parts = [
        *(line("bad", f"{name}: {problem}") for name, problem in fit.problems.items()),
        "" if fit.problems else line("good", "Every path has an answer."),
        table(("path", "latency", "95 % interval", "correlation"), rows),
        heading("What it was made from"),
        facts(
            [
                arm_fact(info.arm_serial),
                ("joints", f"over {info.driver}, {len(views.reported.time)} states in {seconds:.1f} s"),
                *(
                    (
                        f"camera {name}",
                        f"serial number {each.serial or 'not known'}, {len(views.cameras[name].end)} motions between "
                        f"frames, {each.fps:g} frames/s asked for, stamps from {each.time_source}",
                    )
                    for name, each in info.cameras.items()
                ),
                ("filmed", f"{in_words(record.made_at)} UTC"),
                ("computed", f"by clam-robot {clam_robot.__version__}"),
            ]
        ),
        heading("Charts"),
        chart(
            draw_latency(views, fit),
            "latency",
            "Orange dots should lie on the blue line: it is where the joints' motion was, later by what was found.",
        )
        if fit.cameras
        else "",
    ]
    return page(folder / "latency.html", "Latency", parts)


def _in_words(latency: Latency) -> tuple[str, str, str]:
    return (
        f"{1e3 * latency.seconds:.1f} ms",
        f"{1e3 * latency.low:.1f} to {1e3 * latency.high:.1f} ms",
        "" if latency.correlation is None else f"{latency.correlation:.2f}",
    )
