from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.board import Board
from calibration.detection import BoardDetector
from clam_robot.errors import UnknownRobot
from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.kinematics import tool_pose
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.bare_table import BareTable
from sim.widowx.board_print import BoardPrint
from sim.widowx.board_scene import TOOL_IN_HAND
from sim.widowx.photographer import Photographer, camera_pose, full_state
from sim.widowx.scene import scene_model
from sim.widowx.scene_board import SceneBoard
from tests.sim.widowx.registers import get, put
from tests.sim.widowx.servos import turning

BOARD = Board()
LENS = Intrinsics(
    width=640, height=480, fx=601.0, fy=598.0, cx=322.5, cy=236.0, distortion=(0.09, -0.18, 0.001, -0.0008, 0.0)
)
PATIENCE = 60.0  # [s]


class Studio:
    """The scene with a board, as the twin draws it."""

    def __init__(self) -> None:
        self.board = SceneBoard(BoardPrint(picture=BOARD.picture(64), size=BOARD.size), "table")
        self.physics = ArmPhysics(BareTable())
        self.photographer = Photographer(scene_model(self.board.add_to))

    def picture(self, camera: str, shift: RigidTransform | None = None) -> tuple[np.ndarray, RigidTransform | None]:
        """What is seen, and where the board is before the camera."""
        place = self.board.for_picture(camera)
        state = full_state(self.physics.model, self.physics.data)
        image = self.photographer.order(state, camera, LENS.height, LENS.width, LENS, place, shift).result(PATIENCE)
        if place is None or place.parent == "camera":
            return image, None if place is None else place.pose
        parent = RigidTransform.identity() if place.parent == "base" else tool_pose(self.physics.position)
        seen = self.camera(camera) if shift is None else self.camera(camera) * shift
        return image, seen.inv() * parent * place.pose

    def camera(self, name: str) -> RigidTransform:
        """Its true pose in the base's frame, x right, y down."""
        seen: Any = self.physics.model.camera(name)
        own = camera_pose(seen)
        if name != "wrist":
            return own
        return tool_pose(self.physics.position) * RigidTransform.from_translation(TOOL_IN_HAND).inv() * own


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    studio = Studio()
    yield studio
    studio.photographer.close()


@pytest.mark.parametrize(
    ("where", "camera", "joints"),
    [
        ("table", "wrist", [0.0, -0.9, 0.5, 0.0, 1.5, 0.0]),
        ("gripper", "over_shoulder", [0.94, -0.49, 1.04, -0.28, -0.21, -0.19]),
        ("over_shoulder", "over_shoulder", [0.0] * 6),
        ("wrist", "wrist", [0.0] * 6),
    ],
)
def test_a_board_is_seen_where_it_is(studio: Studio, where: str, camera: str, joints: list[float]) -> None:
    studio.board.put(where)
    studio.physics.place(np.array(joints))
    num_seen = 0
    for _ in range(13):
        image, pose = studio.picture(camera)
        assert pose is not None
        found = BoardDetector(BOARD).detect(image)
        if found is not None:
            num_seen += 1
            wanted = LENS.project(pose.apply(BOARD.points()[found.ids]))
            off = np.linalg.norm(found.corners - wanted, axis=1)
            assert np.median(off) < 0.3
    assert num_seen >= 3


def test_somebody_holds_it_still_for_three_pictures_and_then_in_another_way(studio: Studio) -> None:
    studio.board.put("wrist")
    poses = [studio.board.for_picture("wrist") for _ in range(6)]
    assert poses[0] is not None and poses[2] is not None and poses[3] is not None
    assert poses[0].pose.translation == pytest.approx(poses[2].pose.translation)
    assert np.linalg.norm(poses[0].pose.translation - poses[3].pose.translation) > 0.005
    assert studio.board.for_picture("over_shoulder") is None


def test_a_place_that_is_none_is_named(studio: Studio) -> None:
    with pytest.raises(UnknownRobot, match="table"):
        studio.board.put("tabel")


def test_a_servo_that_is_mounted_askew_reports_less_by_its_offset() -> None:
    physics = ArmPhysics(BareTable())
    physics.place(np.zeros(6))
    physics.mount("shoulder", 0.1)
    both = [each for each in physics.servos if each.description.name.startswith("shoulder")]
    off = [abs(each.position - wx250s.ZERO_COUNT) * wx250s.COUNT for each in both]
    assert off == pytest.approx([0.1, 0.1], abs=1e-6)
    assert physics.servo("elbow").position == pytest.approx(wx250s.ZERO_COUNT)


def test_a_servo_that_is_mounted_as_it_was_goes_on_with_its_goal() -> None:
    joint = turning("shoulder")
    put(joint.servo, ct.GOAL_POSITION, wx250s.ZERO_COUNT + 100)
    joint.servo.mount(0.0)
    joint.servo.reverse(False)
    assert get(joint.servo, ct.GOAL_POSITION) == wx250s.ZERO_COUNT + 100
    joint.servo.mount(0.1)
    assert get(joint.servo, ct.GOAL_POSITION) == round(joint.servo.position)


def test_a_camera_that_is_knocked_sees_the_board_elsewhere_until_it_is_put_back(studio: Studio) -> None:
    studio.board.put("table")
    studio.physics.place(np.array([0.0, -0.9, 0.5, 0.0, 1.5, 0.0]))
    knock = RigidTransform.from_components([0.01, 0.004, -0.006], Rotation.from_rotvec([0.01, -0.02, 0.03]))
    for shift in (None, knock, None):
        image, pose = studio.picture("wrist", shift)
        assert pose is not None
        found = BoardDetector(BOARD).detect(image)
        assert found is not None
        wanted = LENS.project(pose.apply(BOARD.points()[found.ids]))
        assert np.median(np.linalg.norm(found.corners - wanted, axis=1)) < 0.3


def test_a_servo_that_is_screwed_in_the_wrong_way_round_says_the_opposite() -> None:
    physics = ArmPhysics(BareTable())
    physics.place(np.full(6, 0.1))
    for is_reversed, sign in ((False, 1.0), (True, -1.0), (False, 1.0)):
        physics.reverse("wrist_angle", is_reversed)
        off = (physics.servo("wrist_angle").position - wx250s.ZERO_COUNT) * wx250s.COUNT
        assert off == pytest.approx(sign * 0.1, abs=1e-6)
