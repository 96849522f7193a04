import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clam_robot.cli.main import main
from clam_robot.episodes.recorder import Recorder
from clam_robot.specs import CameraSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step
from tests.clam_robot.exchange.made import Made, made_spec, record_made

pytest.importorskip("rerun", reason="the extra view is not installed")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    spec = made_spec(cameras={"front": CameraSpec(height=32, width=48)})
    record_made(tmp_path / "made", spec, [Made(length=4), Made(length=9, hold_every=3)])
    return tmp_path / "made"


def _rerun(*words: str) -> str:
    command = [sys.executable, "-m", "rerun", "rrd", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def test_a_recording_holds_every_entry_and_every_picture(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "episode.rrd"
    assert main(["view", str(made), "--episode", "1", "--out", str(out)]) == 0
    _rerun("verify", str(out))
    printed = _rerun("print", str(out))
    for entity in ("/state/s2", "/action/a1", "/requested/a0", "/task/success", "/camera/front", "/episode", "/limits"):
        assert entity in printed
    assert not list(tmp_path.glob(".*.partial"))


def test_depth_is_shown_beside_the_pictures_it_belongs_to(tmp_path: Path) -> None:
    spec = made_spec(cameras={"front": CameraSpec(height=32, width=48)})
    with Recorder(tmp_path / "made", durable=False, depth_units=lambda: {"front": 0.001}) as recorder:
        recorder.on_episode_start(EpisodeStart(spec=spec, task="", source="teleop"))
        image = np.zeros((32, 48, 3), np.uint8)
        for k in range(3):
            recorder.on_frame("front", k / 10, image, np.full((32, 48), 1000 + k, np.uint16))
            observation = Observation(
                time=k / 10, state=np.zeros(3, np.float32), images={"front": image}, image_times={"front": k / 10}
            )
            recorder.on_step(Step(observation=observation, requested=None, sent=None))
        recorder.on_episode_end(EpisodeOutcome(success=None, episode_return=None, num_steps=3, end="", achieved_hz=1.0))
    out = tmp_path / "episode.rrd"
    assert main(["view", str(tmp_path / "made"), "--out", str(out)]) == 0
    _rerun("verify", str(out))
    assert "/depth/front" in _rerun("print", str(out))


def test_a_recording_is_not_replaced_untold(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "episode.rrd"
    out.write_text("precious")
    assert main(["view", str(made), "--out", str(out)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert out.read_text() == "precious"


def test_an_episode_that_is_not_there_is_named(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", str(made), "--episode", "2"]) == 2
    assert "expected 0 to 1, found 2" in capsys.readouterr().err


def test_a_full_disk_is_told(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("Failed to write: No space left on device (os error 28)")

    monkeypatch.setattr("rerun.RecordingStream.save", full)
    assert main(["view", str(made), "--out", str(tmp_path / "episode.rrd")]) == 2
    assert "make room there" in capsys.readouterr().err
    assert not list(tmp_path.glob("*episode.rrd*"))
