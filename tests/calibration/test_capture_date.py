"""A calibration is as old as what was seen."""

import datetime
import os
from pathlib import Path

import pytest

from calibration.board import Board
from calibration.capture_date import capture_date, oldest
from calibration.recording import CaptureInfo
from clam_robot.errors import ConfigError

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)


def files(folder: Path) -> list[Path]:
    """Three, the second of them the newest."""
    made: list[Path] = []
    for number, hours in enumerate((-2, 0, -1)):
        made.append(folder / f"{number}.png")
        made[-1].touch()
        os.utime(made[-1], times=(0.0, (NOON + datetime.timedelta(hours=hours)).timestamp()))
    return made


def test_a_recording_that_does_not_say_when_is_as_old_as_its_newest_file(tmp_path: Path) -> None:
    found = capture_date(None, files(tmp_path))
    assert found.made_at == "2025-03-01T12:00:00+00:00"
    assert not found.is_told


@pytest.mark.parametrize("told", ["2024-07-01T10:00:00+02:00", "2024-07-01T08:00:00"])
def test_what_a_recording_says_counts_more_than_its_files(tmp_path: Path, told: str) -> None:
    found = capture_date(told, files(tmp_path))
    assert found.made_at == "2024-07-01T08:00:00+00:00"
    assert found.is_told


def test_the_oldest_of_several_is_found() -> None:
    assert oldest(["2025-01-02T00:00:00+00:00", "2024-12-31T00:00:00+00:00", "2025-01-01T00:00:00+00:00"])[:4] == "2024"


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected a date as in ISO 8601, found 'in spring'"):
        CaptureInfo(camera="wrist", serial="", board=Board(), made_at="in spring")
