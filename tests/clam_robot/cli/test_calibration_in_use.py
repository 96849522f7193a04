"""The calibration where an arm is driven and recorded."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from clam_robot.cli.calibration_in_use import calibration_in_use, time_corrections
from clam_robot.cli.main import main
from clam_robot.cli.session_robot import ArmOptions, make_session_robot
from clam_robot.cli.widowx import ArmAddress
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.recorder import Recorder
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.calibration import Calibration, read_calibration, save_calibration
from clam_robot.hardware.calibration.latency_calibration import CameraLatency, Latency, LatencyCalibration
from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec
from clam_robot.timing import MonotonicClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

MADE = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=12)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    late = Latency(seconds=0.05, low=0.049, high=0.051, correlation=0.99)
    known = LatencyCalibration(
        driver="dynamixel",
        state=Latency(seconds=0.004, low=0.0, high=0.1),
        command=None,
        cameras={"wrist": CameraLatency(serial="w 7", latency=late, time_source="driver", fps=30.0)},
        made_at=MADE.isoformat(),
    )
    save_calibration(Calibration(arm_serial="arm 1", latency=known), tmp_path / "calibration.json")
    return tmp_path / "calibration.json"


@pytest.fixture
def cameras(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.toml"
    path.write_text('[cameras.wrist]\nkind = "pattern"\n[cameras.table]\nkind = "pattern"\nlatency = 0.02\n')
    return path


def test_the_file_of_this_folder_is_taken_unless_another_or_none_is_asked_for(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert calibration_in_use(None, ArmAddress()).calibration is not None
    assert calibration_in_use(Path("none"), ArmAddress()).calibration is None
    assert calibration_in_use(file, ArmAddress()).source == str(file)
    with pytest.raises(ConfigError, match=r"other\.json"):
        calibration_in_use(Path("other.json"), ArmAddress())
    file.unlink()
    assert calibration_in_use(None, ArmAddress()).calibration is None


def test_what_is_taken_off_which_times_is_known(file: Path, cameras: Path) -> None:
    arm = ArmAddress(cameras=cameras)
    found = time_corrections(calibration_in_use(file, arm), arm, has_samples=True)
    assert found == {"time": 0.004, "joints/time": 0.004, "image_time/wrist": 0.05, "image_time/table": 0.02}
    without = time_corrections(calibration_in_use(Path("none"), arm), arm, has_samples=True)
    assert without == {"image_time/table": 0.02}


def test_a_session_with_another_camera_is_refused_before_the_arm_is_touched(file: Path, cameras: Path) -> None:
    options = ArmOptions(cameras=cameras, calibration=file, port="/dev/none")
    body = make_session_robot("widowx", options, MonotonicClock())
    assert body.calibration is not None
    with pytest.raises(CalibrationError, match="camera 'wrist' was 'w 7'"):
        body.robot.connect()


@pytest.mark.parametrize(
    "words", [["teleop", "--device", "keyboard"], ["record", "--device", "keyboard", "--out", "x"]]
)
def test_a_simulated_arm_has_none(file: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--robot", "widowx-twin:reach-block", "--calibration", str(file)]) == 2
    assert "--calibration: widowx-twin:reach-block is simulated" in " ".join(capsys.readouterr().err.split())


def test_an_episode_carries_it_whole_and_tells_its_age(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = calibration_in_use(file, ArmAddress())
    spec = widowx_spec(ActionConfig(), name="widowx")
    with Recorder(tmp_path / "data", calibration=known.record(), time_corrections={"time": 0.004}) as recorder:
        recorder.on_episode_start(EpisodeStart(spec=spec, task="rest", source="teleop"))
        observation = Observation(time=1.0, state=np.zeros(len(spec.state), np.float32))
        recorder.on_step(Step(observation=observation, requested=None, sent=None))
        recorder.on_episode_end(
            EpisodeOutcome(success=None, episode_return=None, num_steps=1, end="done", achieved_hz=10.0)
        )
    attributes = Episode(recorder.paths[0]).attributes
    assert read_calibration(attributes.calibration, "episode") == known.calibration
    assert attributes.time_corrections == {"time": 0.004}
    assert main(["inspect", str(tmp_path / "data")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"calibration arm arm 1, latency of {MADE:%Y-%m-%d}, 12 days old then" in told
    page = tmp_path / "page.html"
    assert main(["report", str(tmp_path / "data"), "--out", str(page)]) == 0
    assert "12 days old then" in page.read_text()
