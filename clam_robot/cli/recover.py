"""`clam recover`."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import tyro

from clam_robot.cli.console import console, error_console, plural
from clam_robot.episodes import folders
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.recovery import recover
from clam_robot.errors import EpisodeError, NoEpisodes


@dataclass(frozen=True, kw_only=True)
class Command:
    """Finish the episodes that a crash left without an end.

    Of each, every row that reached the disk whole is kept, and the folder is removed where there is none; how the
    episode ended is unknown, so its success is not judged. What is still being recorded is left alone. `clam inspect`
    lists what is unfinished.

    Attributes:
        path: folder of a data set.
    """

    path: tyro.conf.Positional[Path]

    def run(self) -> None:
        """Recover each and say what was kept.

        Raises:
            NoEpisodes: no such folder.
            EpisodeError: some could not be recovered; each is named before.
        """
        if not self.path.is_dir():
            raise NoEpisodes(f"expected the folder of a data set, found none at {self.path}")
        names = folders.partial_episodes(self.path)
        num_failed = 0
        for name in names:
            try:
                path = recover(self.path / name)
            except NoEpisodes:
                shutil.rmtree(self.path / name)
                console.print(f"removed {name}: nothing of it had reached the disk")
            except EpisodeError as error:
                num_failed += 1
                error_console.print(f"[red]not recovered:[/] {error}", soft_wrap=True)
            else:
                console.print(f"recovered {path.name}: {plural(len(Episode(path)), 'step')}")
        if not names:
            console.print(f"nothing is unfinished in {self.path}")
        if num_failed:
            raise EpisodeError(f"{num_failed} of {len(names)} episodes were not recovered; their folders are untouched")
