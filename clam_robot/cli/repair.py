"""`clam repair`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tyro

from clam_robot.cli.console import console, error_console, plural
from clam_robot.episodes import folders, schema
from clam_robot.episodes.folder_lock import folder_lock, require_free
from clam_robot.episodes.repair import Repair, put_aside, repair
from clam_robot.episodes.stores.place import require_folder
from clam_robot.errors import EpisodeError, NoEpisodes


@dataclass(frozen=True, kw_only=True)
class Command:
    """Finish episodes that a crash left without an end, and take out what is damaged.

    An unfinished episode keeps every row that was flushed; how it ended is unknown, so its success is not judged. Of a
    damaged one the rows that are not whole are taken out, which leaves a gap, and its attributes say what is lost. What
    an episode was before is moved to the folder `set_aside`; nothing is deleted. What is whole is left alone, and a
    folder that is recorded into is refused: what is under way there looks like a crash's remains.

    Attributes:
        path: folder of a data set or of one episode.
        dry_run: only say what would be done.
    """

    path: tyro.conf.Positional[Path]
    dry_run: bool = False

    def run(self) -> None:
        """Repair each episode and say what was kept.

        Raises:
            NoEpisodes: no such folder.
            FolderInUse: a program records into it, or mends it.
            EpisodeError: some could not be repaired; each is named before.
        """
        require_folder(self.path, "path")
        if not self.path.is_dir():
            raise NoEpisodes(f"expected the folder of a data set or of an episode, found none at {self.path}")
        root = self.path.absolute().parent if self._is_episode() else self.path
        if self.dry_run:
            require_free(root)
            self._repair_all()
        else:
            with folder_lock(root, "clam repair"):
                self._repair_all()

    def _repair_all(self) -> None:
        num_failed = num_done = 0
        for folder in self._folders():
            try:
                num_done += self._repair(folder)
            except EpisodeError as error:
                num_failed += 1
                error_console.print(f"[red]not repaired:[/] {error}", soft_wrap=True)
        if num_failed:
            raise EpisodeError(f"{plural(num_failed, 'episode')} not repaired; their folders are untouched")
        if not num_done:
            console.print(f"nothing to repair in {self.path}")

    def _folders(self) -> Iterator[Path]:
        if self._is_episode():
            yield self.path.absolute()
            return
        for name in (*folders.finished_episodes(self.path), *folders.partial_episodes(self.path)):
            yield self.path / name

    def _is_episode(self) -> bool:
        path = self.path
        return (path / schema.METADATA).exists() or folders.is_partial(path) or folders.is_finished(path)

    def _repair(self, folder: Path) -> bool:
        if folders.is_partial(folder) and folders.is_being_recorded(folder):
            console.print(f"left alone {folder.name}: it is being recorded")
            return False
        would = "would have " if self.dry_run else ""
        try:
            done = repair(folder, dry_run=self.dry_run)
        except NoEpisodes as error:
            aside = "" if self.dry_run else f"; it is at {put_aside(folder)}"
            console.print(f"{would}set aside {error}{aside}", soft_wrap=True)
            return True
        if done is not None:
            _print(folder, done, would)
        return done is not None


def _print(folder: Path, done: Repair, would: str) -> None:
    verb = "recovered" if folders.is_partial(folder) else "repaired"
    aside = "" if done.set_aside is None else f"; what it was is at {done.set_aside}"
    console.print(f"{would}{verb} {done.path.name}: {plural(done.num_rows, 'step')}{aside}", soft_wrap=True)
    for loss in done.losses:
        console.print(f"  {loss}", soft_wrap=True)
