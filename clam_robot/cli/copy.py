"""`clam copy`."""

from dataclasses import dataclass

import tyro

from clam_robot.cli.console import console, error_console, plural, progress_bars
from clam_robot.episodes import folders
from clam_robot.episodes.stores.copy import Copied, copy_episodes
from clam_robot.episodes.stores.opening import finished_episodes, open_store
from clam_robot.episodes.stores.place import Place
from clam_robot.errors import EpisodeError


@dataclass(frozen=True, kw_only=True)
class Command:
    """Copy finished episodes to or from a URL such as s3://bucket/folder, or between folders.

    Interrupted in whatever way, the same command goes on with the file it had come to. An episode counts at its
    destination only when all of it is there, was read back and compared; one of the same name that is another is never
    overwritten, but named, and the exit code is 2. What is there already is not copied again. Sources stay as they are.

    Episodes are recorded on a local disk and copied afterwards: a disk can promise that what has its name survives a
    loss of power (fsync, rename), an object store knows neither, and a network may be away while a robot moves.

    Credentials and region of s3:// come from where AWS's own programs take them; AWS_ENDPOINT_URL names another server
    that speaks S3.

    Attributes:
        source: path or URL of a data set, or of one episode.
        destination: path or URL of the data set to copy to; made when it is not there, but for a bucket.
        read_back: read every file of a copy again before the copy counts; without, a store's own checks must do.
    """

    source: tyro.conf.Positional[Place]
    destination: tyro.conf.Positional[Place]
    read_back: bool = True

    def run(self) -> None:
        """Copy and say what is there now.

        Raises:
            EpisodeError: some were not copied; each is named before.
        """
        source, target = open_store(self.source), open_store(self.destination)
        found = finished_episodes(source)
        names = [name for name in found if folders.is_finished_name(name)]
        results: list[Copied] = []
        try:
            with progress_bars() as bars:
                total = sum(found[name].num_bytes for name in names)
                task = bars.add_task("copied", total=_kilobytes(total), note="kB")
                num_bytes = 0

                def show(more: int) -> None:
                    nonlocal num_bytes
                    num_bytes += more
                    done = f"kB, {len(results)} of {plural(len(names), 'episode')}"
                    bars.show(task, _kilobytes(num_bytes), done)

                for result in copy_episodes(source, target, names, reads_back=self.read_back, on_bytes=show):
                    results.append(result)
                    if result.error is not None:
                        error_console.print(f"[red]not copied:[/] {result.error}", soft_wrap=True)
        except BaseException:
            missing = len(names) - sum(result.error is None for result in results)
            console.print(
                f"{plural(missing, 'episode')} of {len(names)} not copied yet; the same command goes on", markup=False
            )
            raise
        self._report(results, target.place)

    def _report(self, results: list[Copied], place: str) -> None:
        num_there = sum(result.was_there for result in results)
        num_failed = sum(result.error is not None for result in results)
        num_copied = len(results) - num_there - num_failed
        before = f", {num_there} were there" if num_there else ""
        console.print(f"copied {plural(num_copied, 'episode')}{before}: {place}", soft_wrap=True, markup=False)
        if num_failed:
            raise EpisodeError(
                f"{plural(num_failed, 'episode')} of {len(results)} not copied; they are where they were"
            )


def _kilobytes(num_bytes: int) -> int:
    return -(-num_bytes // 1000)
