import numpy as np
import pytest

from calibration.board import Board
from calibration.first_look import first_look, held_board, see_board
from clam_robot.errors import ArmStopped
from clam_robot.timing import ManualClock
from tests.calibration.fake_tour import Grey, InstantArm, Mount, SeesAfter
from tests.calibration.live_bench import off
from tests.calibration.synthetic_hand_eye import HELD_BOARD
from tests.calibration.synthetic_views import BOARD, LENS


@pytest.mark.parametrize(("mount", "num_ways"), [("wrist", 1), ("stand", 1), ("stand", 4)])
def test_what_stands_still_is_found_once_the_hand_is_turned_so_that_the_board_is_seen(
    mount: Mount, num_ways: int
) -> None:
    clock, tour = ManualClock(), InstantArm(num_blocked=num_ways - 1)
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
    clock, tour = ManualClock(), InstantArm()
    eye = SeesAfter(tour, mount, BOARD, 1000)
    assert first_look(tour, Grey(clock), eye, LENS, clock, mount=mount, carried=eye.true.camera) is None
    assert tour.num_ways >= 2


def test_an_arm_that_is_stopped_looks_no_further() -> None:
    clock, tour = ManualClock(), InstantArm(num_free=1)
    with pytest.raises(ArmStopped):
        see_board(tour, Grey(clock), SeesAfter(tour, "stand", BOARD, 1000), clock, "stand")
    assert tour.num_ways == 2


def test_a_held_board_stands_before_the_fingers_with_its_print_up() -> None:
    board = Board()
    width, height = board.size
    corners = held_board(board).apply(np.array([[0.0, 0.0, 0.0], [width, height, 0.0]]))
    np.testing.assert_allclose(corners, [[height, 0.5 * width, 0.0], [0.0, -0.5 * width, 0.0]], atol=1e-12)
    away = held_board(board).rotation.apply(np.array([0.0, 0.0, 1.0]))  # a board's z goes into the paper
    np.testing.assert_allclose(away, [0.0, 0.0, -1.0], atol=1e-12)
