"""When something was seen: a calibration is as old as what it was made from."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from clam_robot.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class CaptureDate:
    """When a recording was made.

    Attributes:
        made_at: UTC, ISO 8601.
        is_told: the recording says so itself; else it is when its newest file was written.
    """

    made_at: str
    is_told: bool


def capture_date(told: str | None, files: Iterable[Path]) -> CaptureDate:
    """Of a recording.

    Args:
        told: what it says itself, ISO 8601; without a zone it is taken for UTC.
        files: of it, at least one; they may have been copied, so their dates count only where nothing is told.
    """
    if told is not None:
        return CaptureDate(made_at=_utc(require_date(told)), is_told=True)
    newest = max(each.stat().st_mtime for each in files)
    return CaptureDate(made_at=_utc(datetime.datetime.fromtimestamp(newest, datetime.UTC)), is_told=False)


def require_date(told: str) -> datetime.datetime:
    """A date with its zone.

    Raises:
        ConfigError: it is none.
    """
    try:
        date = datetime.datetime.fromisoformat(told)
    except ValueError:
        raise ConfigError(f"made_at: expected a date as in ISO 8601, found {told!r}") from None
    return date if date.tzinfo is not None else date.replace(tzinfo=datetime.UTC)


def oldest(dates: Iterable[str]) -> str:
    """Of dates that `capture_date` gave."""
    return min(dates, key=require_date)


def _utc(date: datetime.datetime) -> str:
    return date.astimezone(datetime.UTC).isoformat(timespec="seconds")
