"""Going on with a data set after a break or a crash."""

from collections.abc import Iterator
from pathlib import Path

from clam_robot.cli.console import console, plural
from clam_robot.episodes.repair import put_aside, repair
from clam_robot.errors import ConfigError, EpisodeError, NoEpisodes
from teleop.kept_so_far import KeptSoFar, look
from teleop.session_setup import SessionSetup


def resume(root: Path, setup: SessionSetup, *, recovers: bool) -> KeptSoFar:
    """See what the folder holds, say so, and finish what a crash left where that is wanted.

    Args:
        root: folder of the data set.
        setup: of the session to begin.
        recovers: whether unfinished episodes are finished and counted.

    Raises:
        ConfigError: the folder is another mode's.
    """
    kept = look(root)
    others = sorted(kept.modes - {setup.mode})
    if others:
        raise ConfigError(
            f"--mode {setup.mode}: {root} holds episodes of {' and '.join(others)}; "
            f"record into another folder with --out, or go on with --mode {others[0]}"
        )
    if recovers and kept.unfinished:
        for line in _recovered(root, kept.unfinished):
            console.print(line, markup=False, soft_wrap=True)
        kept = look(root)
    for line in _lines(root, kept, setup):
        console.print(line, markup=False, soft_wrap=True)
    return kept


def _recovered(root: Path, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        try:
            done = repair(root / name)
        except NoEpisodes:
            yield f"nothing of {name} had reached the disk; what there is of it is at {put_aside(root / name)}"
        except EpisodeError as error:
            yield f"not recovered: {error}"
        else:
            if done is not None:
                losses = "".join(f"; {loss}" for loss in done.losses)
                yield f"recovered {done.path.name}: {plural(done.num_rows, 'step')}{losses}"


def _lines(root: Path, kept: KeptSoFar, setup: SessionSetup) -> Iterator[str]:
    if kept.num_kept:
        yield (
            f"{root} holds {kept.num_kept} of {plural(setup.target, 'episode')}, {kept.seconds / 60.0:.1f} min: "
            f"{kept.num_success} success, {kept.num_failure} failure, {kept.num_unsure} unsure; nothing of them is lost"
        )
    if kept.unfinished:
        yield (
            f"{plural(len(kept.unfinished), 'episode')} never got a decision ({', '.join(kept.unfinished)}): "
            f"a crash, or a session that was left. `clam repair {root}`, or --recover here, finishes what reached the "
            "disk; it is not counted before"
        )
    for name in kept.under_way:
        yield f"another program records into {name} of this folder now"
    for name, error in kept.damaged:
        yield f"{name} cannot be read and is not counted: {error}"
    if setup.task and kept.tasks and setup.task not in kept.tasks:
        yield f"the task is new to this folder: {setup.task!r} now, before it {', '.join(map(repr, kept.tasks[:3]))}"
    if kept.num_kept >= setup.target:
        yield "as many episodes are there as wanted; ask for more with --episodes"
