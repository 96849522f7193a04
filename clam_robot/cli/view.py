"""`clam view`."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import tyro

from clam_robot.cli.console import console, progress_bars
from clam_robot.cli.data_sets import open_episode_with_bar
from clam_robot.episodes.stores.place import Place
from clam_robot.errors import MissingDependency


@dataclass(frozen=True, kw_only=True)
class Command:
    """Make a recording of an episode for the Rerun viewer: states, actions and pictures over time.

    Attributes:
        dataset: folder or URL of episodes, or of one episode.
        episode: which one.
        out: the file to write; by default NAME.rrd in the folder the command is given in.
        show: open the viewer on it, which needs a screen.
        overwrite: replace a file that is there.
    """

    dataset: tyro.conf.Positional[Place]
    episode: int = 0
    out: Path | None = None
    show: bool = False
    overwrite: bool = False

    def run(self) -> None:
        """Write the recording, and show it where that is asked for."""
        from clam_robot.review.rerun_recording import save_recording

        episode = open_episode_with_bar(self.dataset, self.episode)
        out = self.out or Path(f"{episode.path.resolve().name}.rrd")
        with progress_bars() as bars:
            task = bars.add_task("pictures", total=len(episode) * len(episode.spec.cameras), note="")
            save_recording(episode, out, overwrite=self.overwrite, progress=lambda done, _: bars.show(task, done, ""))
        console.print(f"recording: {out}; `rerun {out}` shows it", soft_wrap=True)
        if self.show:
            viewer = shutil.which("rerun")
            if viewer is None:
                raise MissingDependency(
                    "--show needs the command rerun; install it with pip install 'clam-robot[view]'"
                )
            subprocess.run([viewer, str(out)], check=False)
