"""A take from the swing of an arm to what stands in the file, once more from its files, and from an episode."""

import datetime
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration.filming import Filming
from calibration.swing import SwingConfig
from calibration.take import FilmedCamera, Take, TakeInfo, load_take, save_take
from clam_robot.cli.main import main
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.recorder import Recorder
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.calibration import Calibration, load_calibration
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step
from tests.calibration.swinging_arm import SwingingArm
from tests.type_checks import unchecked

LATE, LAG = 0.12, 0.06  # [s]
TOLERANCE = 0.005  # [s]
TAKEN = "2025-04-01T08:00:00+00:00"
APPLIED = 0.02  # that the episode's times were corrected by [s]


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Take, Path]:
    """A take, and an episode of the same motion whose frames are stamped earlier by what was applied."""
    clock, filming = ManualClock(100.0), Filming()
    robot = SwingingArm(clock, lag=LAG, late=LATE)
    with Recorder(
        tmp_path_factory.mktemp("episodes"),
        joints=JOINT_NAMES,
        time_corrections={"image_time/wrist": APPLIED},
        durable=False,
        wait_when_full=True,
    ) as recorder:

        def on_frame(camera: str, time: float, image: np.ndarray) -> None:
            filming.on_frame(camera, time, image)
            recorder.on_frame(camera, time - APPLIED, image)

        def on_joints(state: JointState) -> None:
            filming.on_joints(state)
            recorder.on_joints(state.time, state.position, state.velocity, state.effort)

        robot.on_setpoint, robot.on_joints, robot.on_frame = filming.on_setpoint, on_joints, on_frame
        recorder.on_episode_start(EpisodeStart(spec=robot.spec, task="swing", source="calibration"))
        with unchecked():
            filming.swing(robot, clock, SwingConfig(seconds=9.0), lambda share: None)
        recorder.on_step(Step(observation=robot.get_observation(), requested=None, sent=None))
        recorder.on_episode_end(
            EpisodeOutcome(success=None, episode_return=None, num_steps=1, end="done", achieved_hz=20.0)
        )
    known = FilmedCamera(serial="late 1", applied=0.0, time_source="arrival", fps=30.0)
    take = filming.take(TakeInfo(driver="dynamixel", cameras={"wrist": known}))
    return take, recorder.paths[0]


def latency(calibration: Calibration) -> float:
    assert calibration.latency is not None
    return calibration.latency.cameras["wrist"].latency.seconds


def test_a_take_gives_the_cameras_latency_and_the_way_of_the_set_points(
    filmed: tuple[Take, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take = replace(filmed[0], info=replace(filmed[0].info, made_at=TAKEN))
    save_take(take, tmp_path / "take")
    out = tmp_path / "calibration.json"
    words = ["calibrate", "latency", "--take", str(tmp_path / "take"), "--out", str(out), "--folder", str(tmp_path)]
    assert main(words) == 0, capsys.readouterr()
    assert latency(load_calibration(out)) == pytest.approx(LATE, abs=TOLERANCE)
    known = load_calibration(out).latency
    assert known is not None and known.command is not None
    assert known.command.seconds == pytest.approx(LAG, abs=TOLERANCE)
    assert known.made_at == TAKEN
    report = (tmp_path / "latency.html").read_text()
    for words in ("serial number late 1, ", "stamps from arrival", "by clam-robot", "95 % interval", "data:image/png"):
        assert words in report
    assert "camera wrist:" in capsys.readouterr().out


def test_an_episode_gives_it_too_with_what_was_applied_to_its_times(
    filmed: tuple[Take, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "calibration.json"
    words = ["calibrate", "latency", "--episode", str(filmed[1]), "--out", str(out), "--folder", str(tmp_path)]
    assert main(words) == 0, capsys.readouterr()
    known = load_calibration(out)
    assert latency(known) == pytest.approx(LATE, abs=TOLERANCE)
    assert known.latency is not None
    started = datetime.datetime.fromisoformat(Episode(filmed[1]).attributes.started_at)
    assert datetime.datetime.fromisoformat(known.latency.made_at) == started


def test_a_take_of_before_is_as_old_as_its_films(filmed: tuple[Take, Path], tmp_path: Path) -> None:
    save_take(filmed[0], tmp_path / "take")
    for each in ("wrist.npz", "motion.npz"):
        os.utime(tmp_path / "take" / each, times=(0.0, 1e9))
    out = tmp_path / "calibration.json"
    words = ["calibrate", "latency", "--take", str(tmp_path / "take"), "--out", str(out), "--folder", str(tmp_path)]
    assert main(words) == 0
    known = load_calibration(out).latency
    assert known is not None
    assert known.made_at == "2001-09-09T01:46:40+00:00"


def test_a_take_without_its_frames_is_told(filmed: tuple[Take, Path], tmp_path: Path) -> None:
    save_take(filmed[0], tmp_path)
    (tmp_path / "wrist.npz").write_bytes(b"PK\x03\x04 not whole")
    with pytest.raises(CalibrationError, match=r"wrist\.npz"):
        load_take(tmp_path)


def test_an_arm_that_hardly_moves_is_told() -> None:
    clock, filming = ManualClock(100.0), Filming()
    robot = SwingingArm(clock, lag=LAG, late=LATE, follows=0.3)
    robot.on_joints = filming.on_joints
    with pytest.raises(CalibrationError, match=r"waist swung through 0\.03. rad, expected 0\.16"):
        filming.swing(robot, clock, SwingConfig(seconds=6.0), lambda share: None)


def test_joints_that_say_nothing_are_told() -> None:
    with pytest.raises(CalibrationError, match="is the arm's bus silent"):
        Filming().take(TakeInfo(driver="dynamixel", cameras={}))


def test_a_folder_without_a_take_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"found no take\.json in"):
        load_take(tmp_path)


def test_nothing_moves_where_nobody_can_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cameras = tmp_path / "cameras.toml"
    cameras.write_text('[cameras.wrist]\nkind = "pattern"\n')
    assert main(["calibrate", "latency", "--cameras", str(cameras), "--out", str(tmp_path / "c.json")]) == 2
    assert "give --yes" in " ".join(capsys.readouterr().err.split())
    assert main(["calibrate", "latency", "--take", "a", "--episode", "b"]) == 2
