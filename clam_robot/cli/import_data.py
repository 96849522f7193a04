"""`clam import`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from clam_robot.cli.console import console, plural, progress_bars
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.stores.place import require_folder
from clam_robot.errors import ConfigError, ExchangeError
from clam_robot.exchange.clip_source import ClipSource, import_clips
from clam_robot.exchange.staging import require_apart

Format = Literal["lerobot", "replay-buffer", "bridge", "films"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Make a data set of what another program recorded.

    It is written aside and gets its name when it is whole; what an interrupted import left is removed by the next one.

    Attributes:
        source: folder or file of the other program.
        destination: folder of the data set to make.
        format: what the source is; found out by default. lerobot is v3.0 and v2.1; replay-buffer is diffusion policy's
            and UMI's; bridge is raw trajectories; films become demonstrations without actions.
        hz: rows per second, where the source does not say: of films, and of replay buffers without stamps.
        camera: name of the films' camera.
        size: height and width of the films' frames [pixels].
        task: what was done, where the source does not say.
        like: data set of the robot that films are to demonstrate for: they take its rate, actions and picture size.
        overwrite: replace what is at the destination.
    """

    source: tyro.conf.Positional[Path]
    destination: tyro.conf.Positional[Path]
    format: Format | None = None
    hz: float = 10.0
    camera: str = "front"
    size: tuple[int, int] = (224, 224)
    task: str | None = None
    like: Path | None = None
    overwrite: bool = False

    def run(self) -> None:
        """Import every episode."""
        require_folder(self.destination, "destination")
        if not require_folder(self.source, "source").exists():
            raise ExchangeError(f"expected data at {self.source}, found nothing; give another path")
        require_apart(self.destination, self.source)
        if not self.hz > 0 or min(self.size) < 1:
            raise ConfigError(f"--hz, --size: expected positive numbers, found {self.hz} and {self.size}")
        kind = self.format or _kind_of(self.source)
        source = self._open(kind)
        with progress_bars() as bars:
            task = bars.add_task(kind, total=len(source), note="")
            import_clips(
                source,
                self.destination,
                overwrite=self.overwrite,
                progress=lambda done, _: bars.show(task, done, ""),
            )
        console.print(f"{plural(len(source), 'episode')} in {self.destination}", soft_wrap=True)

    def _open(self, kind: Format) -> ClipSource:
        if kind == "lerobot":
            from clam_robot.exchange.lerobot_import import LeRobotSource

            return LeRobotSource(self.source)
        if kind == "replay-buffer":
            from clam_robot.exchange.replay_buffer_import import ReplayBufferSource

            return ReplayBufferSource(self.source, hz=self.hz, task=self.task or self.source.name)
        if kind == "bridge":
            from clam_robot.exchange.bridge import BridgeSource

            return BridgeSource(self.source)
        from clam_robot.exchange.film_folder import FilmFolderConfig, FilmFolderSource

        height, width = self.size
        configuration = FilmFolderConfig(camera=self.camera, height=height, width=width, hz=self.hz, task=self.task)
        return FilmFolderSource(
            self.source, configuration, None if self.like is None else EpisodeDataset(self.like).spec
        )


def _kind_of(source: Path) -> Format:
    if (source / "meta/info.json").exists():
        return "lerobot"
    if source.name.endswith((".zarr", ".zarr.zip")) or (source / ".zgroup").exists():
        return "replay-buffer"
    if source.is_dir() and next(source.rglob("obs_dict.pkl"), None) is not None:
        return "bridge"
    return "films"
