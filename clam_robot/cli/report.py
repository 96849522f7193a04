"""`clam report`."""

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from clam_robot.cli.console import console, plural, progress_bars
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.errors import ConfigError
from clam_robot.review.suspicion import SuspicionConfig


@dataclass(frozen=True, kw_only=True)
class Command:
    """Write an HTML page of a data set: thumbnails, rates, coverage, actions, and which episodes are suspicious.

    Attributes:
        dataset: folder of episodes, or one episode.
        out: the page to write; by default NAME_report.html beside the data set NAME.
        pictures: so many episodes have pictures at most, suspicious ones first.
        suspicious: what makes an episode suspicious.
        overwrite: replace a page that is there.
    """

    dataset: tyro.conf.Positional[Path]
    out: Path | None = None
    pictures: int = 100
    suspicious: SuspicionConfig = field(default_factory=SuspicionConfig)
    overwrite: bool = False

    def run(self) -> None:
        """Measure every episode and write the page."""
        from clam_robot.review.report import write_report

        if self.pictures < 0:
            raise ConfigError(f"--pictures: expected at least 0, found {self.pictures}")
        dataset = EpisodeDataset(self.dataset)
        folder = self.dataset.resolve()
        out = self.out or folder.with_name(f"{folder.name}_report.html")
        with progress_bars() as bars:
            task = bars.add_task("looking at episodes", total=len(dataset), note="")
            rows = write_report(
                dataset,
                out,
                thresholds=self.suspicious,
                max_pictured=self.pictures,
                overwrite=self.overwrite,
                progress=lambda done, _: bars.show(task, done, ""),
            )
        for row in rows:
            if row.reasons:
                console.print(f"[yellow]suspicious:[/] {row.facts.name}: {'; '.join(row.reasons)}", soft_wrap=True)
        console.print(f"{plural(len(rows), 'episode')}: {out}", soft_wrap=True)
