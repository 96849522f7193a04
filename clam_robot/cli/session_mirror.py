"""Copies of the episodes of a recording session, made while it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clam_robot.cli.console import console, plural
from clam_robot.episodes.stores.mirror import Mirror, MirrorStatus
from teleop.session_state import Gauge


@contextmanager
def mirroring(root: Path, url: str | None) -> Iterator[Mirror | None]:
    """Copy every finished episode to a URL while it lasts; in the end wait for the last, and say what is not there.

    Args:
        root: folder of the data set.
        url: where to; None for nowhere.

    Raises:
        StoreUnavailable: it cannot be reached, which is found out before anything moves.
    """
    if url is None:
        yield None
        return
    with Mirror(root, url) as mirror:
        is_finished = False
        try:
            yield mirror
            is_finished = True
        finally:
            try:
                if is_finished:
                    _wait(mirror)
            finally:
                _report(mirror.status, root, url)


def gauges_of(mirror: Mirror | None) -> tuple[Gauge, ...]:
    """What is not copied yet, as a figure; none without a mirror."""
    if mirror is None:
        return ()
    status = mirror.status
    is_alarming = bool(status.failure or status.refused)
    refused = next(iter(status.refused.values()), "")
    return (
        Gauge(
            name="not copied",
            value=float(len(status.waiting) + len(status.refused)),
            unit="",
            is_alarming=is_alarming,
            detail=status.failure or refused or f"episodes, to {mirror.url}",
        ),
    )


def _wait(mirror: Mirror) -> None:
    waiting = len(mirror.status.waiting)
    if waiting:
        console.print(f"copying {plural(waiting, 'episode')} to {mirror.url}; Ctrl-C leaves it", soft_wrap=True)
    mirror.finish()


def _report(status: MirrorStatus, root: Path, url: str) -> None:
    console.print(f"copied {plural(status.num_copied, 'episode')}: {url}", soft_wrap=True, markup=False)
    for name, reason in status.refused.items():
        console.print(f"not copied: {name}: {reason}", soft_wrap=True, markup=False)
    if status.waiting:
        reason = f" ({status.failure})" if status.failure else ""
        console.print(
            f"not copied yet{reason}: {', '.join(status.waiting)}; `clam copy {root} {url}` does it",
            soft_wrap=True,
            markup=False,
        )
