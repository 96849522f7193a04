"""`clam verify`."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from clam_robot.cli.console import console, error_console, plural, progress_bars
from clam_robot.episodes import attributes, damage, folders
from clam_robot.episodes.dataset import SINGLE, EpisodeDataset
from clam_robot.errors import DamagedEpisode, EpisodeError


@dataclass(frozen=True, kw_only=True)
class Command:
    """Read everything of every episode and say what is damaged.

    Every number and frame has a checksum, and every frame is decoded. Exit code 0 says that all is whole, 2 that
    something is not; `clam repair` takes out what is damaged. What is unfinished is named, and is no damage.

    Attributes:
        path: folder of a data set or of one episode.
    """

    path: tyro.conf.Positional[Path]

    def run(self) -> None:
        """Verify each episode.

        Raises:
            NoEpisodes: nothing to read.
            DamagedEpisode: something is damaged; each damage is named before.
        """
        names = EpisodeDataset(self.path).names
        num_damaged = 0
        with progress_bars() as bars:
            task = bars.add_task("verified", total=len(names), note="")
            for number, name in enumerate(names, 1):
                damages = _damages(self.path / name)
                num_damaged += bool(damages)
                for each in damages:
                    error_console.print(f"[red]damaged:[/] {each}", soft_wrap=True)
                bars.show(task, number, f"{num_damaged} damaged" if num_damaged else "")
        unfinished = [] if names == (SINGLE,) else folders.partial_episodes(self.path)
        for name in unfinished:
            is_recording = folders.is_being_recorded(self.path / name)
            remedy = "it is being recorded" if is_recording else "finish it with `clam repair`"
            console.print(f"[yellow]unfinished:[/] {name}; {remedy}", soft_wrap=True)
        if num_damaged:
            raise DamagedEpisode(
                f"{num_damaged} of {plural(len(names), 'episode')} of {self.path} damaged; restore them from a copy, "
                "or take out what is damaged with `clam repair`"
            )
        console.print(f"verified {plural(len(names), 'episode')}: no damage")


def _damages(episode: Path) -> list[EpisodeError]:
    try:
        return list(damage.find(episode, attributes.read(episode)))
    except EpisodeError as error:
        return [error]
