"""`clam report`."""

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from clam_robot.cli.console import console, plural, progress_bars
from clam_robot.cli.data_sets import open_with_bar
from clam_robot.episodes.stores.place import Place, folder_of, is_url, name_of
from clam_robot.errors import ConfigError
from clam_robot.review.suspicion import SuspicionConfig


@dataclass(frozen=True, kw_only=True)
class Command:
    """Write an HTML page of a data set: thumbnails, rates, coverage, actions, and which episodes are suspicious.

    Attributes:
        dataset: folder or URL of episodes, or of one episode.
        out: the page to write; by default NAME_report.html beside the data set NAME, or here for one at a URL.
        pictures: so many episodes have pictures at most, suspicious ones first.
        suspicious: what makes an episode suspicious.
        overwrite: replace a page that is there.
    """

    dataset: tyro.conf.Positional[Place]
    out: Path | None = None
    pictures: int = 100
    suspicious: SuspicionConfig = field(default_factory=SuspicionConfig)
    overwrite: bool = False

    def run(self) -> None:
        """Measure every episode and write the page."""
        from clam_robot.review.report import write_report

        if self.pictures < 0:
            raise ConfigError(f"--pictures: expected at least 0, found {self.pictures}")
        dataset = open_with_bar(self.dataset)
        out = self.out or self._beside()
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
        if num_unread := len(dataset) - len(rows):
            console.print(
                f"[red]not on the page:[/] {num_unread} of {plural(len(dataset), 'episode')}, which cannot be read; "
                "the page says why, and `clam verify` does",
                soft_wrap=True,
            )
        console.print(f"{plural(len(rows), 'episode')}: {out}", soft_wrap=True)

    def _beside(self) -> Path:
        if is_url(self.dataset):
            return Path(f"{name_of(self.dataset)}_report.html")
        folder = folder_of(self.dataset).resolve()
        return folder.with_name(f"{folder.name}_report.html")
