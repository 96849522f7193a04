import datetime
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.calibration import Calibration, load_calibration, save_calibration
from clam_robot.hardware.calibration.camera_calibration import (
    CameraCalibration,
    HandEyeCalibration,
    IntrinsicsCalibration,
)
from clam_robot.hardware.calibration.expectation import Expectation
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.calibration.pose import Pose
from tests.clam_robot.hardware.calibration.known_joints import known_joints

NOW = datetime.datetime(2026, 6, 30, tzinfo=datetime.UTC)
HERE = Pose(translation=(0.1, 0.2, 0.3), quaternion=(0.0, 0.0, 0.0, 1.0))


def camera(serial: str, seen: str = "2026-06-01T00:00:00+00:00", placed: str | None = None) -> CameraCalibration:
    hand_eye = None
    if placed is not None:
        hand_eye = HandEyeCalibration(
            mount="wrist",
            camera=HERE,
            covariance=((0.0,) * 6,) * 6,
            board=HERE,
            offsets={"elbow": 0.01},
            offset_sigmas={"elbow": 0.001},
            unobservable=("waist", "wrist_rotate"),
            rms=0.4,
            misfit=1.0,
            held_out_position=1e-3,
            held_out_angle=2e-3,
            view_rms=(0.4, 0.4),
            solvers={"Park": (1e-3, 2e-3), "Tsai": None},
            scale=(1.0, 0.001),
            board_size={"columns": 7, "square": 0.03},
            made_at=placed,
        )
    lens = Intrinsics(width=640, height=480, fx=600.0, fy=600.0, cx=320.0, cy=240.0)
    intrinsics = IntrinsicsCalibration(
        intrinsics=lens,
        source="fitted",
        model="pinhole",
        covariance=((0.0,) * 9,) * 9,
        corner_noise=0.2,
        rms=0.3,
        view_rms=(0.3, None),
        board={"columns": 7, "square": 0.03},
        made_at=seen,
    )
    return CameraCalibration(serial=serial, intrinsics=intrinsics, hand_eye=hand_eye)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    known = Calibration(
        arm_serial="arm 1",
        cameras={"wrist": camera("w 7", placed="2026-01-01T00:00:00+00:00"), "table": camera("t 9")},
    )
    save_calibration(known, tmp_path / "calibration.json")
    return tmp_path / "calibration.json"


def test_what_is_written_is_read(path: Path) -> None:
    known = load_calibration(path)
    assert known.camera("wrist") == camera("w 7", placed="2026-01-01T00:00:00+00:00")
    assert [each.name for each in path.parent.iterdir()] == ["calibration.json"]
    with pytest.raises(CalibrationError, match="there are wrist, table"):
        known.camera("roof")


def test_same_hardware_is_silent(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        expected = Expectation(now=NOW, cameras={"wrist": "w 7", "roof": "r 1"}, arm="arm 1", max_age_days=200.0)
        load_calibration(path, expected)
    assert caplog.messages == []


def test_another_camera_is_refused_and_both_are_named(path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"'wrist' was 'w 7' .* now it is 't 9'"):
        load_calibration(path, Expectation(now=NOW, cameras={"wrist": "t 9"}))


def test_another_arm_is_refused_and_both_are_named(path: Path) -> None:
    with pytest.raises(CalibrationError, match="arm 'arm 1', this one is 'arm 2'"):
        load_calibration(path, Expectation(now=NOW, arm="arm 2"))


def test_arm_without_a_serial_is_not_compared(path: Path) -> None:
    save_calibration(replace(load_calibration(path), arm_serial=None), path)
    assert load_calibration(path, Expectation(now=NOW, arm="arm 2")).arm_serial is None


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (200.0, []),
        (100.0, ["place of camera 'wrist' is 180 days old"]),
        (10.0, ["intrinsics of camera 'wrist'", "place of camera 'wrist'", "intrinsics of camera 'table' is 29 days"]),
        (0.0, []),
    ],
)
def test_old_parts_are_told(path: Path, caplog: pytest.LogCaptureFixture, days: float, told: list[str]) -> None:
    with caplog.at_level(logging.WARNING):
        load_calibration(path, Expectation(now=NOW, max_age_days=days))
    assert len(caplog.messages) == len(told)
    assert all(part in message for part, message in zip(told, caplog.messages, strict=True))


def test_date_that_is_none_is_told(path: Path) -> None:
    known = load_calibration(path)
    save_calibration(known.with_camera("table", camera("t 9", seen="yesterday")), path)
    with pytest.raises(CalibrationError, match=r"'table': made_at: expected a date .* found 'yesterday'"):
        load_calibration(path, Expectation(now=NOW))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"version": 1', '"version": 2', r"calibration\.json: a calibration of version 2, this software reads 1"),
        ('"rad"', '"deg"', r"calibration\.json: units"),
        ('"arm_serial"', '"arm_number"', "arm_number"),
    ],
)
def test_file_that_does_not_fit_is_refused(path: Path, old: str, new: str, said: str) -> None:
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises((CalibrationError, ConfigError), match=said):
        load_calibration(path)


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("translation", [0.1, float("nan"), 0.3], "expected metres"),
        ("quaternion", [0.0] * 4, "expected one of length 1"),
    ],
)
def test_pose_that_is_none_is_refused(path: Path, part: str, value: list[float], said: str) -> None:
    data = json.loads(path.read_text())
    data["cameras"]["wrist"]["hand_eye"]["camera"][part] = value
    path.write_text(json.dumps(data))
    with pytest.raises(ConfigError, match=f"{part}: {said}"):
        load_calibration(path)


def test_offset_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="offsets: expected finite numbers"):
        known_joints({"elbow": float("inf")}, {})
