"""A take from the swing of an arm to what stands in the file, once more from its files, and from an episode."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from calibration.filming import Filming
from calibration.joint_tap import JointTap
from calibration.patience import patiently
from calibration.swing import SwingConfig
from calibration.take import FilmedCamera, Take, TakeInfo, load_take, save_take
from clam_robot.cli.main import main
from clam_robot.episodes.recorder import Recorder
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.calibration import Calibration, load_calibration
from clam_robot.hardware.cameras.camera_bench import CameraBench
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.hardware.widowx import WidowX, WidowXConfig
from clam_robot.hardware.widowx_spec import ActionConfig
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.timing import MonotonicClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step
from tests.calibration.late_camera import LateCamera, WatchedDriver

LATE = 0.12  # [s]
TOLERANCE = 0.015  # real threads on a machine that stalls [s]
STALLED = 0.12  # longest without a set-point in a take that counts [s]
APPLIED = 0.02  # that the episode's times were corrected by [s]


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Take, Path]:
    """A take in which the arm was not held up for long; of a motion that was, nobody could tell a latency."""
    for _ in range(4):
        with suppress(CalibrationError):  # it hardly moved
            take, episode = film(tmp_path_factory.mktemp("episodes"))
            if take.told is not None and np.diff(take.told.time).max() < STALLED:
                return take, episode
    pytest.fail(f"in each of 4 takes no set-point came for more than {STALLED} s: the machine is too busy")


def film(root: Path) -> tuple[Take, Path]:
    """A take, and an episode of the same motion whose frames are stamped earlier by what was applied."""
    clock = MonotonicClock()
    driver = WatchedDriver(clock)
    rig = CameraRig([CameraThread("wrist", LateCamera(driver, clock, LATE), clock)])
    filming = Filming()
    robot = WidowX(
        JointTap(driver, clock, filming.on_setpoint),
        clock,
        WidowXConfig(action=ActionConfig(space="joints", hz=10.0), self_test=None),
        bench=CameraBench(rig, max_age=10.0),
    )
    with Recorder(root, joints=JOINT_NAMES, time_corrections={"image_time/wrist": APPLIED}) as recorder:

        def on_frame(camera: str, time: float, image: object, depth: object) -> None:
            filming.on_frame(camera, time, image)  # pyright: ignore[reportArgumentType]
            recorder.on_frame(camera, time - APPLIED, image)  # pyright: ignore[reportArgumentType]

        def on_joints(state: object) -> None:
            filming.on_joints(state)  # pyright: ignore[reportArgumentType]
            recorder.on_joints(state.time, state.position, state.velocity, state.effort)  # pyright: ignore

        robot.listen(on_joints)
        robot.listen_to_cameras(on_frame)
        robot.connect()
        try:
            robot.reset()
            recorder.on_episode_start(EpisodeStart(spec=robot.spec, task="swing", source="calibration"))
            filming.swing(robot, clock, SwingConfig(seconds=9.0), lambda share: None)
            recorder.on_step(Step(observation=patiently(robot.get_observation, clock, 20.0), requested=None, sent=None))
            recorder.on_episode_end(
                EpisodeOutcome(success=None, episode_return=None, num_steps=1, end="done", achieved_hz=20.0)
            )
        finally:
            robot.disconnect()
    known = FilmedCamera(serial="late 1", applied=0.0, time_source="arrival", fps=30.0)
    take = filming.take(TakeInfo(driver="dynamixel", cameras={"wrist": known}))
    return take, recorder.paths[0]


def latency(calibration: Calibration) -> float:
    assert calibration.latency is not None
    return calibration.latency.cameras["wrist"].latency.seconds


@pytest.mark.slow
def test_a_take_gives_the_cameras_latency_and_the_way_of_the_set_points(
    filmed: tuple[Take, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_take(filmed[0], tmp_path / "take")
    out = tmp_path / "calibration.json"
    words = ["calibrate", "latency", "--take", str(tmp_path / "take"), "--out", str(out), "--folder", str(tmp_path)]
    assert main(words) == 0, capsys.readouterr()
    assert latency(load_calibration(out)) == pytest.approx(LATE, abs=TOLERANCE)
    known = load_calibration(out).latency
    assert known is not None and known.command is not None
    assert known.command.seconds == pytest.approx(0.02, abs=TOLERANCE)  # a state is read before the next set-point
    assert (tmp_path / "latency.png").read_bytes().startswith(b"\x89PNG")
    assert "camera wrist:" in capsys.readouterr().out


@pytest.mark.slow
def test_an_episode_gives_it_too_with_what_was_applied_to_its_times(
    filmed: tuple[Take, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "calibration.json"
    words = ["calibrate", "latency", "--episode", str(filmed[1]), "--out", str(out), "--folder", str(tmp_path)]
    assert main(words) == 0, capsys.readouterr()
    assert latency(load_calibration(out)) == pytest.approx(LATE, abs=TOLERANCE)


@pytest.mark.slow
def test_a_take_without_its_frames_is_told(filmed: tuple[Take, Path], tmp_path: Path) -> None:
    save_take(filmed[0], tmp_path)
    (tmp_path / "wrist.npz").write_bytes(b"PK\x03\x04 not whole")
    with pytest.raises(CalibrationError, match=r"wrist\.npz"):
        load_take(tmp_path)


def test_an_arm_that_hardly_moves_is_told() -> None:
    clock = MonotonicClock()
    driver = WatchedDriver(clock)
    filming = Filming()
    robot = WidowX(driver, clock, WidowXConfig(action=ActionConfig(space="joints", hz=10.0), self_test=None))
    robot.connect()
    try:
        robot.reset()
        # Nobody listens to the joints: they said nothing of a motion.
        with pytest.raises(CalibrationError, match=r"waist swung through 0\.000 rad, expected 0\.16"):
            filming.swing(robot, clock, SwingConfig(seconds=6.0), lambda share: None)
    finally:
        robot.disconnect()


def test_a_folder_without_a_take_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        load_take(tmp_path)


def test_nothing_moves_where_nobody_can_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cameras = tmp_path / "cameras.toml"
    cameras.write_text('[cameras.wrist]\nkind = "pattern"\n')
    assert main(["calibrate", "latency", "--cameras", str(cameras), "--out", str(tmp_path / "c.json")]) == 2
    assert "give --yes" in " ".join(capsys.readouterr().err.split())
    assert main(["calibrate", "latency", "--take", "a", "--episode", "b"]) == 2
