"""`clam search`."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from clam_robot.cli.console import console, progress_bars
from sim.policy_iterates import save_iterates
from sim.random_search import RandomSearch, SearchProgress
from sim.search_config import SearchConfig


@dataclass(frozen=True, kw_only=True)
class Command:
    """Find linear policies for a task of the DeepMind Control Suite by random search, on one core.

    The file holds policies from aimless to good: once it is sim/policies/TASK.json, `clam record` makes demonstrations
    of the best one and play of the others. Those the package ships were found like this. Ctrl-C keeps the search; the
    same command goes on with it, and with more `--generations` also when it is finished.

    Attributes:
        out: file of the policies (.json).
        state: where the search is kept (.npz); beside the policies unless given.
        search: how to search.
    """

    out: Path
    state: Path | None = None
    search: Annotated[SearchConfig, tyro.conf.arg(name="")] = field(default_factory=SearchConfig)

    def run(self) -> None:
        """Search and say what was found."""
        search = RandomSearch(self.search, self.state or self.out.with_suffix(".npz"))
        with progress_bars() as bars:
            bar = bars.add_task(f"search {self.search.task}", total=self.search.generations, note="")

            def show(progress: SearchProgress) -> None:
                spent = time.process_time()
                note = f"return {progress.mean_return:.0f}, best {progress.best_return:.0f}, {spent:.0f} s of CPU"
                bars.show(bar, progress.generation, note)

            search.run(show)
        found = search.kept()
        save_iterates(self.out, found)
        returns = ", ".join(f"{iterate.mean_return:.0f}" for iterate in found.iterates)
        console.print(
            f"{len(found.iterates)} policies with returns {returns} over {self.search.num_stated} scenes: {self.out}"
        )
