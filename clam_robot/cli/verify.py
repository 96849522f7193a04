"""`clam verify`."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import tyro
from rich.markup import escape

from clam_robot.cli.console import console, error_console, plural, progress_bars
from clam_robot.cli.data_sets import unfinished_copies
from clam_robot.episodes import attributes, damage, folders
from clam_robot.episodes.dataset import SINGLE, EpisodeDataset
from clam_robot.episodes.stores.cache import fetch_file
from clam_robot.episodes.stores.episode_store import EpisodeStore, StoredEpisode
from clam_robot.episodes.stores.opening import finished_episodes, open_store
from clam_robot.episodes.stores.parallel import in_parallel
from clam_robot.episodes.stores.place import Place, folder_of, is_url
from clam_robot.errors import DamagedEpisode, EpisodeError


@dataclass(frozen=True, kw_only=True)
class Command:
    """Read everything of every episode and say what is damaged.

    Every number and frame has a checksum, and every frame is decoded. Exit code 0 says that all is whole, 2 that
    something is not; `clam repair` takes out what is damaged. What is unfinished is named, and is no damage. Of a URL
    every file is fetched anew, one episode after the other, into a folder that is deleted afterwards.

    Attributes:
        path: folder or URL of a data set or of one episode.
    """

    path: tyro.conf.Positional[Place]

    def run(self) -> None:
        """Verify each episode.

        Raises:
            NoEpisodes: nothing to read.
            DamagedEpisode: something is damaged; each damage is named before.
        """
        store = open_store(self.path) if is_url(self.path) else None
        found = {} if store is None else finished_episodes(store)
        names = EpisodeDataset(folder_of(self.path)).names if store is None else tuple(found)
        num_damaged = 0
        with progress_bars() as bars:
            task = bars.add_task("verified", total=len(names), note="")
            for number, name in enumerate(names, 1):
                damages = self._damages(name) if store is None else _damages_there(store, name, found[name])
                num_damaged += bool(damages)
                for each in damages:
                    error_console.print(f"[red]damaged:[/] {each}", soft_wrap=True)
                bars.show(task, number, f"{num_damaged} damaged" if num_damaged else "")
        self._print_unfinished(names)
        if num_damaged:
            raise DamagedEpisode(
                f"{num_damaged} of {plural(len(names), 'episode')} of {self.path} damaged; restore them from a copy, "
                "or take out what is damaged with `clam repair`"
            )
        console.print(f"verified {plural(len(names), 'episode')}: no damage")

    def _damages(self, name: str) -> list[str]:
        return _found_in(folder_of(self.path) / name)

    def _print_unfinished(self, names: tuple[str, ...]) -> None:
        for name in unfinished_copies(self.path):
            console.print(
                f"[yellow]unfinished:[/] the copy of {name} to here; `clam copy` goes on with it", soft_wrap=True
            )
        if is_url(self.path) or names == (SINGLE,):
            return
        folder = folder_of(self.path)
        for name in folders.partial_episodes(folder):
            is_recording = folders.is_being_recorded(folder / name)
            remedy = "it is being recorded" if is_recording else "finish it with `clam repair`"
            console.print(f"[yellow]unfinished:[/] {name}; {remedy}", soft_wrap=True)
        for name in folders.misnamed_episodes(folder):
            console.print(
                f"[yellow]not looked at:[/] {escape(name)} holds an episode, which nothing reads under this name; "
                f"call it {folders.next_name(folder)}, or put it elsewhere",
                soft_wrap=True,
                highlight=False,
            )


def _damages_there(store: EpisodeStore, name: str, found: StoredEpisode) -> list[str]:
    with TemporaryDirectory(prefix="clam-verify-") as folder:
        episode = Path(folder) / name
        for _ in in_parallel(lambda file: fetch_file(store, name, file, episode), found.files):
            pass
        return [each.replace(str(episode), f"{store.place}/{name}") for each in _found_in(episode)]


def _found_in(episode: Path) -> list[str]:
    try:
        return [str(each) for each in damage.find(episode, attributes.read(episode))]
    except EpisodeError as error:
        return [str(error)]
