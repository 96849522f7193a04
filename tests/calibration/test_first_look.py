from typing import Literal

import numpy as np
import pytest
from jaxtyping import Float64, UInt8

from calibration.arm_tour import ArmTour
from calibration.board import Board
from calibration.detection import BoardDetector, Detection
from calibration.first_look import first_look, held_board
from clam_robot.errors import RobotError
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.widowx import START
from clam_robot.hardware.wx250s import joint_limits
from clam_robot.specs import CameraSpec
from clam_robot.timing import ManualClock
from tests.calibration.live_bench import off
from tests.calibration.synthetic_hand_eye import HELD_BOARD, shoot, truth
from tests.calibration.synthetic_views import BOARD, LENS

Mount = Literal["wrist", "stand"]


class Goes(ArmTour):
    """An arm that is at once where it is sent, but for ways that are blocked."""

    def __init__(self, num_blocked: int = 0) -> None:
        self.where, self.num_ways, self._num_blocked = np.array(START), 0, num_blocked

    def joints(self) -> Float64[np.ndarray, "6"]:
        return self.where

    def go(self, target: Float64[np.ndarray, "6"]) -> None:
        low, high = joint_limits()
        assert (target >= low).all() and (target <= high).all()
        self.num_ways += 1
        if self.num_ways <= self._num_blocked:
            raise RobotError("the way is blocked")
        self.where = target


class Grey:
    """A camera whose pictures show nothing."""

    spec, fps, serial, time_source = CameraSpec(height=4, width=4), 30.0, "grey", "device"

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self, timeout: float) -> Frame:
        return Frame(image=np.zeros((4, 4, 3), np.uint8), time=self._clock.now())


class SeesAfter(BoardDetector):
    """Sees a board that stands where it truly is once the arm has gone some ways."""

    def __init__(self, tour: Goes, mount: Mount, board: Board, num_ways: int) -> None:
        self.board, self._tour, self._num_ways = board, tour, num_ways
        self._mount: Mount = mount
        self.true = truth(np.random.default_rng(0), mount, offset=0.0)

    def detect(self, image: UInt8[np.ndarray, "H W *colours"]) -> Detection | None:
        if self._tour.num_ways < self._num_ways:
            return None
        rng = np.random.default_rng(1)
        return shoot(self.true, self._tour.where, rng, mount=self._mount, board=self.board, noise=0.0)


@pytest.mark.parametrize(("mount", "num_ways"), [("wrist", 1), ("stand", 1), ("stand", 4)])
def test_what_stands_still_is_found_once_the_hand_is_turned_so_that_the_board_is_seen(
    mount: Mount, num_ways: int
) -> None:
    clock, tour = ManualClock(), Goes(num_blocked=num_ways - 1)
    eye = SeesAfter(tour, mount, BOARD if mount == "wrist" else HELD_BOARD, num_ways)
    carried, still = eye.true.camera, eye.true.board
    if mount == "stand":
        carried, still = still, carried
    found = first_look(tour, Grey(clock), eye, LENS, clock, mount=mount, carried=carried)
    assert found is not None
    assert tour.num_ways == num_ways
    distance, angle = off(found, still)
    assert distance < 1e-4
    assert angle < 1e-4


@pytest.mark.parametrize("mount", ["wrist", "stand"])
def test_a_board_that_is_nowhere_is_looked_for_and_not_found(mount: Mount) -> None:
    clock, tour = ManualClock(), Goes()
    eye = SeesAfter(tour, mount, BOARD, 1000)
    assert first_look(tour, Grey(clock), eye, LENS, clock, mount=mount, carried=eye.true.camera) is None
    assert tour.num_ways >= 2


def test_a_held_board_stands_before_the_fingers_with_its_print_up() -> None:
    board = Board()
    width, height = board.size
    corners = held_board(board).apply(np.array([[0.0, 0.0, 0.0], [width, height, 0.0]]))
    np.testing.assert_allclose(corners, [[height, 0.5 * width, 0.0], [0.0, -0.5 * width, 0.0]], atol=1e-12)
    away = held_board(board).rotation.apply(np.array([0.0, 0.0, 1.0]))  # a board's z goes into the paper
    np.testing.assert_allclose(away, [0.0, 0.0, -1.0], atol=1e-12)
