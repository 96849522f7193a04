"""The demo's report: one HTML page with its pictures and films beside it, and the figures as JSON."""

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

import clam_robot
from clam_robot import config as schema
from clam_robot.demo.chart import draw_success
from clam_robot.demo.config import DemoConfig
from clam_robot.demo.result import MethodResult, RunResult, by_method
from clam_robot.episodes.summary import DatasetSummary, summarize

MEANING = {
    "clam": "latent actions from unlabelled demonstrations, grounded on labelled play",
    "vpt": "inverse dynamics learned on play labels the demonstrations, which are cloned",
    "bc-play": "behaviour cloning of the labelled play alone",
    "oracle": "behaviour cloning of the demonstrations with their true actions (ceiling)",
}


@dataclass(frozen=True, kw_only=True)
class DataRow:
    """What the report says of a data set."""

    name: str
    summary: DatasetSummary


def write_report(
    directory: Path, config: DemoConfig, runs: Sequence[RunResult], *, play: Path, demonstrations: Path, seconds: float
) -> Path:
    """Write `report.html`, `success.png` and `report.json` into `directory`; returns the page.

    Args:
        directory: of the demo.
        config: what was done.
        runs: every trained policy's result.
        play: data set of play.
        demonstrations: data set of demonstrations.
        seconds: wall time of the whole demo [s].
    """
    results: list[MethodResult] = by_method(runs)
    draw_success(results, directory / "success.png")
    figures = {
        "software_version": clam_robot.__version__,
        "config": schema.to_dict(config),
        "seconds": seconds,
        "runs": [schema.to_dict(run) for run in runs],
    }
    (directory / "report.json").write_text(json.dumps(figures, indent=1))
    template = files("clam_robot.demo").joinpath("report.html.jinja").read_text()
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(template)
    path = directory / "report.html"
    path.write_text(
        page.render(
            config=config,
            results=results,
            meaning=MEANING,
            data=[
                DataRow(name="labelled play", summary=summarize(play)),
                DataRow(name="demonstrations", summary=summarize(demonstrations)),
            ],
            seconds=seconds,
            version=clam_robot.__version__,
            date=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        )
    )
    return path
