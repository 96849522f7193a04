"""What programs told that a test started from a folder, for its report when it fails."""

from collections.abc import Generator
from pathlib import Path

import pytest

from clam_robot.deployment.rotating_log import RotatingLog

_LINES = 40
_FOLDERS = pytest.StashKey[list[Path]]()


def show_logs_of(folder: Path, config: pytest.Config) -> None:
    """Have tests that fail from here on report the ends of the logs in a folder."""
    config.stash.setdefault(_FOLDERS, []).append(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for log in (log for folder in item.config.stash.get(_FOLDERS, []) for log in sorted(folder.glob("*.log"))):
            report.sections.append((f"end of {log}", RotatingLog(log).tail(_LINES)))
    return report
