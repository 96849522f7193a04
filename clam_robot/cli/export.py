"""`clam export`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import tyro

from clam_robot.cli.console import console, plural, progress_bars
from clam_robot.cli.data_sets import open_with_bar
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.stores.place import Place, require_folder
from clam_robot.exchange.film_codec import FilmCodec
from clam_robot.exchange.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Command:
    """Write a data set in another program's format.

    It is written aside and gets its name when it is whole; what an interrupted export left is removed by the next one.

    Attributes:
        dataset: folder or URL of episodes, or of one episode.
        destination: folder to make.
        to: lerobot: LeRobot v3.0; lerobot-v2.1; replay-buffer: zarr 2, as diffusion policy and UMI read it.
        codec: of the films, for LeRobot.
        overwrite: replace what is at the destination.
    """

    dataset: tyro.conf.Positional[Place]
    destination: tyro.conf.Positional[Path]
    to: Literal["lerobot", "lerobot-v2.1", "replay-buffer"] = "lerobot"
    codec: FilmCodec = field(default_factory=FilmCodec)
    overwrite: bool = False

    def run(self) -> None:
        """Export every episode."""
        require_folder(self.destination, "destination")
        dataset = open_with_bar(self.dataset)
        with progress_bars() as bars:
            task = bars.add_task(self.to, total=len(dataset), note="")
            self._export(dataset, lambda done, _: bars.show(task, done, ""))
        console.print(f"{plural(len(dataset), 'episode')} in {self.destination}", soft_wrap=True)

    def _export(self, dataset: EpisodeDataset, progress: Progress) -> None:
        if self.to == "lerobot":
            from clam_robot.exchange.lerobot_v3 import LeRobotV3Config, export_lerobot_v3

            configuration = LeRobotV3Config(codec=self.codec)
            export_lerobot_v3(dataset, self.destination, configuration, overwrite=self.overwrite, progress=progress)
        elif self.to == "lerobot-v2.1":
            from clam_robot.exchange.lerobot_v21 import export_lerobot_v21

            export_lerobot_v21(dataset, self.destination, self.codec, overwrite=self.overwrite, progress=progress)
        else:
            from clam_robot.exchange.replay_buffer import export_replay_buffer

            export_replay_buffer(dataset, self.destination, overwrite=self.overwrite, progress=progress)
