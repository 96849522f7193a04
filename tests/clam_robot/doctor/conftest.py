from pathlib import Path

import pytest

from tests.clam_robot.doctor.fake_machine import FakeMachine


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path / "root")
