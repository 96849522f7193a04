"""Copies of the episodes of a recording session, made while it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clam_robot.cli.console import console, plural
from clam_robot.episodes.stores.mirror import Mirror
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
                _report(mirror, root)


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
    missing = mirror.missing()
    if missing:
        console.print(f"copying {plural(len(missing), 'episode')} to {mirror.url}; Ctrl-C leaves it", soft_wrap=True)
    mirror.finish()


def _report(mirror: Mirror, root: Path) -> None:
    status, missing = mirror.status, mirror.missing()
    console.print(f"{plural(len(status.copied), 'episode')} at {mirror.url}", soft_wrap=True, markup=False)
    for name, reason in status.refused.items():
        console.print(f"not copied: {name}: {reason}", soft_wrap=True, markup=False)
    missing = [name for name in missing if name not in status.refused]
    if missing:
        reason = f" ({status.failure})" if status.failure else ""
        console.print(
            f"not copied yet{reason}: {', '.join(missing)}; `clam copy {root} {mirror.url}` does it",
            soft_wrap=True,
            markup=False,
        )
