"""Pictures are RGB, the right way up and of any size."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from clam_robot.errors import UnknownRobot
from sim import opengl
from sim.world import Judgement

opengl.select_backend()

import mujoco  # noqa: E402  after the choice of OpenGL

from sim.camera import Camera  # noqa: E402

# A red ball above a blue one, seen by cameras that stand upright, upside down, and roll freely on a body.
SCENE = """
<mujoco>
  <visual><global offwidth="64" offheight="64"/></visual>
  <worldbody>
    <light pos="0 -2 1" dir="0 1 -.3"/>
    <geom type="sphere" size=".2" pos="0 0 .3" rgba="1 0 0 1"/>
    <geom type="sphere" size=".2" pos="0 0 -.3" rgba="0 0 1 1"/>
    <camera name="upright" pos="0 -2 0" xyaxes="1 0 0 0 0 1"/>
    <camera name="hanging" pos="0 -2 0" xyaxes="-1 0 0 0 0 -1"/>
    <body name="hand" pos="0 -2 0">
      <geom type="sphere" size=".01" pos="0 -.1 0"/>
      <camera name="rolled" xyaxes="-1 0 0 0 0 -1"/>
    </body>
    <camera pos="0 0 3" xyaxes="1 0 0 0 1 0"/>
  </worldbody>
</mujoco>
"""


@dataclass
class Scene:
    model: Any
    data: Any

    def reset(self, seed: int) -> None: ...

    def state(self) -> np.ndarray:
        return np.zeros(0, np.float32)

    def step(self, action: np.ndarray) -> Judgement: ...


@pytest.fixture
def camera() -> Iterator[Camera]:
    model: Any = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    camera = Camera(Scene(model, data))
    yield camera
    camera.close()


def _colours(picture: np.ndarray) -> tuple[str, str]:
    """Which of red and blue prevails in the upper and in the lower half."""
    halves = np.array_split(picture.astype(float), 2)
    return tuple("red" if half[..., 0].sum() > half[..., 2].sum() else "blue" for half in halves)


@pytest.mark.parametrize("name", ["upright", "hanging"])
def test_cameras_that_stand_in_the_world_show_it_the_right_way_up(camera: Camera, name: str) -> None:
    assert _colours(camera.picture(name, 64, 48)) == ("red", "blue")


def test_camera_on_the_hand_rolls_with_it(camera: Camera) -> None:
    assert _colours(camera.picture("rolled", 64, 64)) == ("blue", "red")


def test_turning_a_picture_does_not_mirror_it(camera: Camera) -> None:
    np.testing.assert_array_equal(camera.picture("hanging", 32, 32), camera.picture("upright", 32, 32))


@pytest.mark.parametrize("size", [(16, 24), (240, 320)])
def test_pictures_have_the_size_asked_for_beyond_what_the_model_foresees(camera: Camera, size: tuple[int, int]) -> None:
    picture = camera.picture("upright", *size)
    assert picture.shape == (*size, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous


def test_pictures_are_fresh(camera: Camera) -> None:
    first = camera.picture("upright", 32, 32)
    kept = first.copy()
    camera.picture("rolled", 32, 32)
    np.testing.assert_array_equal(first, kept)


def test_cameras_go_by_name_or_number(camera: Camera) -> None:
    assert camera.names == ("upright", "hanging", "2", "rolled")
    assert camera.index("hanging") == camera.index("1") == 1
    with pytest.raises(UnknownRobot, match="no camera '4'"):
        camera.index("4")


def test_leaving_pictures_open_at_exit_is_quiet() -> None:
    program = """
from clam_robot.timing import ManualClock
from sim.registry import make_robot
for name in "metaworld:reach", "dmcontrol:pendulum-swingup":
    robot = make_robot(name, ManualClock())
    robot.connect()
    robot.reset(0)
    robot.render("0", 8, 8)
"""
    left = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert left.stderr == ""


def test_unknown_camera_lists_those_there_are(camera: Camera) -> None:
    with pytest.raises(UnknownRobot, match=r"did you mean upright"):
        camera.picture("uprigth", 8, 8)
