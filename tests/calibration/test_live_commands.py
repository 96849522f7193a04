"""Commands from the camera and the servo bus to the file, against what the twin knows."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from calibration.board_pose import board_pose
from calibration.detection import BoardDetector
from calibration.recording import picture_paths
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from sim.widowx.twin_process import TwinProcess
from tests.calibration.live_bench import ARM, BOARD, LENS, LiveBench, off

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("twin"), pytest.mark.timeout(900)]
CAMERAS = ("--cameras", "cameras.toml")
LATE = 0.09  # [s]
OFFSET = 0.02  # of the elbow [rad]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBench]:
    with TwinProcess(board="wrist") as twin:
        yield LiveBench(twin, tmp_path_factory.mktemp("live"))


def test_intrinsics_are_those_of_the_lens(bench: LiveBench) -> None:
    bench.calibrate("intrinsics", "--camera", "wrist", *CAMERAS)
    found = bench.known("calibration.json").camera("wrist").intrinsics.intrinsics
    assert (found.fx, found.fy) == pytest.approx((LENS.fx, LENS.fy), rel=0.01)
    assert (found.cx, found.cy) == pytest.approx((LENS.cx, LENS.cy), abs=2.5)


def test_gripper_closes_and_opens_as_far_as_the_fingers_go(bench: LiveBench) -> None:
    bench.calibrate("gripper", "--yes", *bench.arm(), "--out", "gripper.json")
    assert bench.known("gripper.json").arm_serial == ARM
    gripper = bench.known("gripper.json").arm.gripper
    assert gripper is not None
    with bench.twin.client() as truth:
        finger = truth.state().finger
    assert gripper.opened == pytest.approx(finger, abs=1e-3)
    assert gripper.closed < 0.5 * gripper.opened


def test_pictures_are_found_to_be_as_late_as_they_are(bench: LiveBench) -> None:
    bench.know("late.json")
    bench.start()
    (bench.folder / "one.toml").write_text(bench.wrist_setup)
    with bench.twin.client() as truth:
        truth.fault("picture_latency", value=LATE)
    words = ("--cameras", "one.toml", "--swing.seconds", "10", "--yes", *bench.arm(), "--out", "late.json")
    bench.calibrate("latency", *words, again="end other programs on this machine")
    known = bench.known("late.json").latency
    assert known is not None
    assert known.command is not None
    assert known.cameras["wrist"].latency.seconds == pytest.approx(LATE, abs=0.025)
    assert known.cameras["wrist"].serial == "twin wrist"


def test_camera_and_joints_are_found_by_a_tour_of_the_arm(bench: LiveBench) -> None:
    bench.know("found.json")
    bench.start()
    with bench.twin.client() as truth:
        truth.fault("offset", "elbow", OFFSET)
    words = ("--camera", "wrist", "--mount", "wrist", "--poses.count", "13", "--out", "found.json", *CAMERAS)
    bench.calibrate("hand-eye", *words, *bench.arm(), "--yes")
    place = bench.known("found.json").camera("wrist").hand_eye
    assert place is not None
    distance, angle = off(place.camera.transform(), bench.place)
    assert distance < 0.004
    assert angle < 0.008
    bench.calibrate("arm", "--out", "found.json")
    joints = bench.known("found.json").arm.joints
    assert joints is not None
    assert joints.offsets["elbow"] == pytest.approx(OFFSET, abs=0.006)
    assert abs(joints.offsets["wrist_angle"]) < 0.006


def test_a_tour_that_is_interrupted_says_what_it_keeps(bench: LiveBench) -> None:
    bench.know("kept.json")
    bench.start()
    words = ("--camera", "wrist", "--mount", "wrist", "--poses.count", "13", "--out", "kept.json", *CAMERAS)
    said = bench.interrupt("pose 2 of 12: seen", "hand-eye", *words, *bench.arm(), "--yes", "--folder", "kept")
    assert "2 pictures of a recording that did not come to its end are kept in kept/pictures" in said
    assert said.endswith("kept.json stays as it was interrupted")
    assert len(picture_paths(bench.folder / "kept" / "pictures")) == 2


def test_camera_on_a_stand_is_found_by_a_tour_with_the_board_in_the_gripper(bench: LiveBench) -> None:
    bench.know("stand.json")
    bench.start()
    with bench.twin.client() as truth:
        truth.board("gripper")
    words = ("--camera", "over_shoulder", "--mount", "stand", "--poses.count", "12", "--out", "stand.json", *CAMERAS)
    words = (*words, "--poses.num-candidates", "20000")
    said = bench.calibrate("hand-eye", *words, *bench.arm(), "--yes")
    assert "the camera 'over_shoulder' is, roughly, at" in said
    place = bench.known("stand.json").camera("over_shoulder").hand_eye
    assert place is not None
    distance, angle = off(place.camera.transform(), bench.stand_place)
    assert distance < 0.004
    assert angle < 0.008


def test_self_test_passes_on_a_right_arm_and_names_the_joint_that_turns_the_other_way(bench: LiveBench) -> None:
    bench.know("right.json")
    bench.start()
    words = ("self-test", "--camera", "wrist", "--calibration", "right.json", *CAMERAS, *bench.arm(), "--yes")
    said = bench.calibrate(*words)
    assert "every axis, its sign and the gripper are as they should be" in said
    assert "saw no board" not in said
    with bench.twin.client() as truth:
        truth.fault("reversed", "wrist_rotate")
    assert "joint wrist_rotate turns the other way than it reports" in bench.calibrate(*words, code=2)


def test_a_board_that_is_not_there_is_told_at_the_first_look(bench: LiveBench) -> None:
    bench.know("right.json")
    bench.start()
    with bench.twin.client() as truth:
        truth.board("over_shoulder")  # held before the other camera only
    words = ("--camera", "wrist", *CAMERAS, *bench.arm(), "--yes")
    said = bench.calibrate("hand-eye", "--mount", "wrist", "--out", "right.json", *words, code=2)
    assert "'wrist': expected the board in its picture at the arm's start" in said
    assert "pose 1 of" not in said
    said = bench.calibrate("self-test", "--calibration", "right.json", *words, code=2)
    assert "the camera sees no board, from the arm's start and with its hand turned" in said


def test_a_board_or_camera_that_is_knocked_is_seen_where_it_then_is(bench: LiveBench) -> None:
    bench.start()
    lens = Intrinsics(width=1280, height=960, fx=1200.0, fy=1200.0, cx=640.0, cy=480.0)

    def place() -> RigidTransform:
        image, _ = truth.photo("over_shoulder", lens.height, lens.width, list(lens.vector))
        found = BoardDetector(BOARD).detect(image)
        assert found is not None
        return board_pose(BOARD, found, lens).T_camera_board

    with bench.twin.client() as truth:
        before = place()
        truth.shift("board", (0.03, 0.0, 0.0, 0.0, 0.0, 0.0))
        by_board = before.inv() * place()
        truth.shift("board", [0.0] * 6)
        truth.shift("over_shoulder", (0.03, 0.0, 0.0, 0.0, 0.0, 0.0))
        by_camera = place() * before.inv()
    np.testing.assert_allclose(by_board.translation, [0.03, 0.0, 0.0], atol=2e-3)  # in the board's frame
    np.testing.assert_allclose(by_camera.translation[:2], [-0.03, 0.0], atol=2e-3)  # in the camera's


def test_check_says_whether_and_which_camera_moved_and_how_far(bench: LiveBench) -> None:
    bench.know("right.json")
    bench.start()
    both = ("check", "--camera", "wrist", "over_shoulder", "--calibration", "right.json", *CAMERAS, *bench.arm())
    both = (*both, "--pictures", "10")
    bench.calibrate(*both, "--remember")
    with bench.twin.client() as truth:
        truth.shift("over_shoulder", (0.0, 0.0, -0.012, 0.0, 0.0, 0.0))
    said = bench.calibrate(*both, "--json", code=2)
    told = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert told["cameras"]["over_shoulder"]["distance"] == pytest.approx(0.012, abs=0.006)
    assert not told["cameras"]["wrist"]["is_drift"]
    assert "over_shoulder: its stand moved, as another camera sees the board where it was" in told["cause"]
