"""The arm that a policy asks for, with the cameras of a file."""

from dataclasses import replace
from pathlib import Path

import pytest

from clam_robot.cli.widowx import WidowXOptions, make_widowx
from clam_robot.errors import ConfigError, SpecMismatch
from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.timing import MonotonicClock
from sim.widowx_tasks import task_points

CLOCK = MonotonicClock()
SIZE = CameraSpec(height=48, width=64)


def spec(*cameras: str, points: tuple[str, ...] = ()) -> RobotSpec:
    return widowx_spec(ActionConfig(), name="widowx:reach-block", points=points, cameras=dict.fromkeys(cameras, SIZE))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.toml"
    path.write_text('[cameras.wrist]\nkind = "pattern"\nwidth = 64\nheight = 48\n')
    return path


def test_its_cameras_are_those_of_the_file(file: Path) -> None:
    robot = make_widowx(WidowXOptions(cameras=file), spec("wrist"), CLOCK)
    assert robot.spec.cameras == {"wrist": SIZE}


def test_cameras_that_are_not_in_the_file_are_the_twins(file: Path) -> None:
    options = WidowXOptions(cameras=file, bench="127.0.0.1:1", task="reach-block")
    robot = make_widowx(options, spec("wrist", "over_shoulder", points=task_points("reach-block")), CLOCK)
    assert robot.spec.cameras == {"wrist": SIZE, "over_shoulder": SIZE}
    assert robot.task == "reach-block"


def test_a_camera_that_the_policy_needs_and_the_file_lacks_is_named(file: Path) -> None:
    with pytest.raises(SpecMismatch, match="camera table: needed, offered are wrist"):
        make_widowx(WidowXOptions(cameras=file), spec("wrist", "table"), CLOCK)


def test_a_policy_of_another_robot_is_named() -> None:
    foreign = replace(spec(), name="metaworld:assembly", control_hz=40.0)
    with pytest.raises(
        SpecMismatch, match="policy for metaworld:assembly does not fit the WidowX: hz: expected 1 to 20"
    ):
        make_widowx(WidowXOptions(), foreign, CLOCK)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: expected a file with the robot's cameras, found none"):
        make_widowx(WidowXOptions(cameras=tmp_path / "none.toml"), spec("wrist"), CLOCK)


def test_who_leaves_out_where_things_lie_is_told_of_it() -> None:
    with pytest.raises(SpecMismatch, match=r"lacking object_x.*--bench HOST:PORT"):
        make_widowx(WidowXOptions(), spec(points=task_points("reach-block")), CLOCK)
