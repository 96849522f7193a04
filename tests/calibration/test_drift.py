"""A board that stays where it is, before cameras that do not."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.board_measurement import BoardMeasurement, measure_board
from calibration.drift import Drift, Tolerance, expected_board, find_drift, probable_cause
from calibration.recording import CaptureInfo, RecordingWriter
from clam_robot.cli.calibration_age import ages_in_words
from clam_robot.cli.main import main
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.calibration import Calibration, load_calibration, save_calibration
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration, HandEyeCalibration
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.widowx import START
from sim.widowx.board_scene import BoardScene
from tests.calibration.known_cameras import known_lens, known_place, remembered
from tests.calibration.synthetic_hand_eye import look
from tests.calibration.synthetic_views import BOARD, LENS, view

TAKEN = "2025-04-01T08:00:00+00:00"
AHEAD = RigidTransform.from_components([-0.1, -0.07, 0.6], Rotation.from_euler("xyz", [0.4, 0.2, 0.1]))


def measured(pose: RigidTransform, seed: int = 0, noise: float = 0.15) -> BoardMeasurement:
    rng = np.random.default_rng(seed)
    return measure_board(BOARD, [view(pose, rng, noise=noise) for _ in range(20)], LENS)


def camera(seen: BoardMeasurement | None = None, hand_eye: HandEyeCalibration | None = None) -> CameraCalibration:
    reference = None if seen is None else remembered(seen)
    return CameraCalibration(serial="c 1", intrinsics=known_lens(LENS), hand_eye=hand_eye, reference=reference)


def drift(moved: RigidTransform, seed: int = 1) -> Drift:
    before, now = measured(AHEAD), measured(moved * AHEAD, seed)
    return find_drift(now, expected_board(camera(before), None, now), Tolerance())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), shift=st.floats(0.004, 0.03), axis=st.sampled_from([0, 1, 2]))
def test_a_shift_is_found_and_measured(seed: int, shift: float, axis: int) -> None:
    by = np.zeros(3)
    by[axis] = shift
    found = drift(RigidTransform.from_translation(by), seed)
    assert found.is_drift
    assert found.distance == pytest.approx(shift, abs=5 * found.shift_sigma)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(1, 2**31))
def test_noise_is_no_drift(seed: int) -> None:
    found = drift(RigidTransform.identity(), seed)
    assert not found.is_drift
    assert not found.fits_badly


def test_a_turn_is_found() -> None:
    before = measured(AHEAD)
    turned = RigidTransform.from_components(AHEAD.translation, Rotation.from_rotvec([0.0, 0.0, 0.02]) * AHEAD.rotation)
    found = find_drift(now := measured(turned, 5), expected_board(camera(before), None, now), Tolerance())
    assert found.is_drift
    assert found.angle == pytest.approx(0.02, abs=5 * found.turn_sigma)


def test_another_lens_fits_worse() -> None:
    rng = np.random.default_rng(0)
    other = replace(LENS, distortion=(-0.25, 0.1, 0.0, 0.0, 0.0))
    near = RigidTransform.from_components([-0.105, -0.075, 0.3], AHEAD.rotation)
    now = measure_board(BOARD, [view(near, rng, lens=other, noise=0.15) for _ in range(10)], LENS)
    found = find_drift(now, expected_board(camera(measured(near)), None, now), Tolerance())
    assert found.fits_badly
    assert "lens changed" in probable_cause({"table": found}, {"table": "stand"})


def test_a_wrist_camera_is_compared_with_the_board_of_its_hand_eye_calibration() -> None:
    joints = np.array(START)
    place = look(np.array([-0.06, 0.0, 0.08]), np.array([0.05, 0.0, 0.0]))
    board = tool_pose(joints) * place * AHEAD
    known = known_place("wrist", place, board, BOARD)
    elsewhere = joints + np.array([0.02, 0.01, 0.0, 0.0, 0.03, 0.0])
    seen = measured((tool_pose(elsewhere) * place).inv() * board)
    assert not find_drift(seen, expected_board(camera(hand_eye=known), elsewhere, seen), Tolerance()).is_drift
    slipped = find_drift(seen, expected_board(camera(hand_eye=known), elsewhere + 0.02, seen), Tolerance())
    assert slipped.is_drift
    with pytest.raises(CalibrationError, match="--port"):
        expected_board(camera(hand_eye=known), None, seen)


def test_the_cause_is_named_as_far_as_it_can_be_told() -> None:
    still, moved = drift(RigidTransform.identity()), drift(RigidTransform.from_translation([0.01, 0.0, 0.0]))
    mounts = {"a": "stand", "b": "wrist"}
    assert probable_cause({"a": still, "b": still}, mounts) == ""
    assert "the board moved" in probable_cause({"a": moved, "b": moved}, mounts)
    assert probable_cause({"a": moved, "b": still}, mounts).startswith("a: its stand moved")
    assert "cannot tell" in probable_cause({"b": moved}, mounts)


def test_what_cannot_be_told_is_not_called_as_it_was() -> None:
    assert drift(RigidTransform.identity()).verdict == "as it was"
    far = RigidTransform.from_translation([0.0, 0.0, 1.4]) * AHEAD
    before, now = measured(far), measured(far, 1)
    found = find_drift(now, expected_board(camera(before), None, now), Tolerance())
    assert not found.is_drift
    assert found.told_from[0] > found.tolerance[0]
    assert found.verdict == "cannot tell"
    assert "look longer at more pictures (--seconds, --pictures), or fix the board nearer" in found.doubt
    shift, turn = (float(each) for each in found.doubt.split("--tolerance.shift ")[1].split(" --tolerance.turn "))
    wider = find_drift(now, expected_board(camera(before), None, now), Tolerance(shift=shift, turn=turn))
    assert wider.verdict == "as it was"


def test_a_shift_that_may_be_noise_but_is_more_than_tolerated_cannot_be_told() -> None:
    before = remembered(measured(AHEAD))
    vague = np.diag([1e-3**2] * 3 + [0.9e-3**2] * 3)
    known = replace(camera(), reference=replace(before, covariance=tuple(map(tuple, vague.tolist()))))
    now = measured(RigidTransform.from_translation([0.0025, 0.0, 0.0]) * AHEAD, 1)
    found = find_drift(now, expected_board(known, None, now), Tolerance())
    assert found.told_from[0] < found.tolerance[0] < found.distance
    assert found.verdict == "cannot tell"
    assert "against the board as of 2026-06-01T00:00:00+00:00 a shift is told from 1." in found.doubt


def test_through_the_arm_more_is_tolerated_as_it_comes_back_no_better() -> None:
    place = known_place("wrist", look(np.array([-0.06, 0.0, 0.08]), np.array([0.05, 0.0, 0.0])), AHEAD, BOARD)
    joints = tuple(START)
    now = measured(AHEAD, 1)
    known = replace(camera(measured(AHEAD), place), reference=replace(remembered(measured(AHEAD)), joints=joints))
    expected = expected_board(known, np.array(joints), now)
    assert find_drift(now, expected, Tolerance()).verdict == "as it was"
    assert find_drift(now, expected, Tolerance(shift=0.0015)).verdict == "cannot tell"
    with pytest.raises(ConfigError, match="tolerance: expected more than 0"):
        Tolerance(turn=0.0)


def test_a_camera_that_cannot_tell_is_no_witness() -> None:
    still, moved = drift(RigidTransform.identity()), drift(RigidTransform.from_translation([0.01, 0.0, 0.0]))
    blind = replace(still, told_from=(0.01, 0.02))
    assert blind.verdict == "cannot tell"
    assert "one camera cannot tell which" in probable_cause({"a": moved, "b": blind}, {"a": "stand", "b": "wrist"})


def test_age_of_a_camera_is_said_and_what_is_too_old() -> None:
    known = camera(measured(AHEAD))
    known = replace(known, intrinsics=replace(known.intrinsics, made_at="2025-06-01T00:00:00+00:00"))
    now = datetime.datetime(2026, 6, 11, tzinfo=datetime.UTC)
    said = ages_in_words(known, now)
    assert said == "lens 375 days old, remembered board 10 days old; lens older than 180 days: calibrate again"


def test_pictures_that_move_or_show_nothing_are_told() -> None:
    rng = np.random.default_rng(0)
    moving = [view(RigidTransform.from_translation([0.01 * i, 0.0, 0.0]) * AHEAD, rng) for i in range(5)]
    with pytest.raises(CalibrationError, match="stand still"):
        measure_board(BOARD, moving, LENS)
    with pytest.raises(CalibrationError, match="no picture shows the board"):
        measure_board(BOARD, [], LENS)
    with pytest.raises(CalibrationError, match="640 x 480"):
        measure_board(BOARD, [replace(moving[0], width=320, height=240)], LENS)
    with pytest.raises(CalibrationError, match="--remember"):
        expected_board(camera(), None, measured(AHEAD))


@pytest.mark.slow
def test_the_command_remembers_a_rendered_board_and_tells_when_the_stand_moved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = RigidTransform.from_components([0.25, 0.1, 0.02], Rotation.from_euler("xz", [np.pi, -np.pi / 2]))
    eye, target = np.array([0.62, 0.25, 0.5]), np.array([0.33, 0.02, 0.0])
    file = tmp_path / "calibration.json"
    save_calibration(Calibration(cameras={"table": camera()}), file)
    for name, shift in (("before", 0.0), ("same", 0.0), ("moved", 0.008)):
        by = shift * np.array([1.0, 0.0, 0.0])
        held = tool_pose(np.array(START)).inv() * place
        pose = look(eye + by, target + by)
        scene = BoardScene(BOARD.picture(64), BOARD.size, mount="stand", camera=pose, place=held, lens=LENS)
        writer = RecordingWriter(tmp_path / name, CaptureInfo(camera="table", serial="c 1", board=BOARD, made_at=TAKEN))
        picture = scene.picture(np.array(START))
        rng = np.random.default_rng(len(name))
        for _ in range(4):
            writer.add(np.clip(picture + rng.normal(0.0, 2.0, picture.shape), 0, 255).astype(np.uint8))
        scene.close()
    words = ["calibrate", "check", "--camera", "table", "--calibration", str(file), "--images"]
    assert main([*words, str(tmp_path / "before")]) == 2
    assert "--remember" in " ".join(capsys.readouterr().err.split())
    assert main([*words, str(tmp_path / "before"), "--remember"]) == 0
    told = capsys.readouterr().out
    assert "table: remembered a board of 7 x 5 squares, its middle at" in told
    assert "by 4 pictures; leave it where it is" in told
    reference = load_calibration(file).camera("table").reference
    assert reference is not None
    assert reference.made_at == TAKEN
    assert main([*words, str(tmp_path / "same")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "as it was" in told
    assert "p-value: how often noise alone" in told
    assert "a p-value below 0.001 and more than is tolerated" in told
    days = (datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(TAKEN)).days
    assert f"remembered board {days}" in told or f"remembered board {days + 1}" in told
    assert main([*words, str(tmp_path / "same"), "--tolerance.shift", "0.0001"]) == 2
    told = " ".join((read := capsys.readouterr()).out.split() + read.err.split())
    assert "cannot tell" in told
    assert "0.1 mm and 8.0 mrad are tolerated" in told
    assert main([*words, str(tmp_path / "same"), "--board.columns", "11"]) == 2
    assert "the board of 11 x 5 squares" in " ".join(capsys.readouterr().err.split())
    assert main([*words, str(tmp_path / "moved"), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["cameras"]["table"]["distance"] == pytest.approx(0.008, abs=0.002)
    assert told["cameras"]["table"]["p_value"] < 1e-3
    assert told["cameras"]["table"]["verdict"] == "drifted"
    assert told["cameras"]["table"]["age_days"]["remembered board"] > 0.0
    assert "its stand moved" in told["cause"]
