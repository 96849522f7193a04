from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.bundle_settings import OBSERVABLE, BundleSettings
from calibration.diagnosis import diagnose
from calibration.hand_eye_views import HandEyeViews
from calibration.mistakes import Mistake
from tests.calibration.synthetic_hand_eye import Truth, synthetic_views, truth
from tests.calibration.synthetic_views import LENS
from tests.calibration.test_hand_eye import as_poses

Mount = Literal["wrist", "stand"]
SETTINGS = BundleSettings(offsets=OBSERVABLE)
OTHER_LENS = replace(LENS, fx=520.0, fy=520.0, cx=300.0, cy=260.0)


def recorded(mount: Mount, seed: int = 0) -> tuple[HandEyeViews, Truth]:
    rng = np.random.default_rng(seed)
    true = truth(rng, mount)
    return synthetic_views(rng, true, mount=mount, count=24), true


def sign(joint: int) -> Callable[[HandEyeViews], HandEyeViews]:
    def turned(views: HandEyeViews) -> HandEyeViews:
        assert views.joints is not None
        return replace(views, joints=views.joints * np.where(np.arange(6) == joint, -1.0, 1.0))

    return turned


def swapped(views: HandEyeViews) -> HandEyeViews:
    assert views.joints is not None
    return replace(views, joints=views.joints[:, [0, 1, 2, 5, 4, 3]])


def sized(factor: float) -> Callable[[HandEyeViews], HandEyeViews]:
    def other(views: HandEyeViews) -> HandEyeViews:
        board = views.board
        return replace(views, board=replace(board, square=board.square * factor, marker=board.marker * factor))

    return other


def still(views: HandEyeViews) -> HandEyeViews:
    return replace(views, detections=(views.detections[0],) * views.count)


MISTAKES: list[tuple[str, Callable[[HandEyeViews], HandEyeViews], Mistake, str]] = [
    *(
        (f"sign {i}", sign(i), Mistake.JOINT_SIGN, name)
        for i, name in enumerate(("waist", *OBSERVABLE, "wrist_rotate"))
    ),
    ("swapped joints", swapped, Mistake.JOINTS_SWAPPED, "forearm_roll and wrist_rotate"),
    ("2 % too large", sized(1.02), Mistake.BOARD_SIZE, "measure the print"),
    ("far too small", sized(0.8), Mistake.BOARD_SIZE, "measure the print"),
    ("camera", lambda views: replace(views, intrinsics=OTHER_LENS), Mistake.SWAPPED_CAMERAS, "'other'"),
    ("still", still, Mistake.BOARD_STILL, "cameras swapped"),
    ("few", lambda views: views.only(range(5)), Mistake.TOO_FEW_VIEWS, "5 views"),
    (
        "mount",
        lambda views: replace(views, mount="stand" if views.mount == "wrist" else "wrist"),
        Mistake.WRONG_MOUNT,
        "swapped",
    ),
]


@pytest.mark.parametrize("mount", ["wrist", "stand"])
def test_nothing_is_found_where_nothing_is_wrong(mount: Mount) -> None:
    views, _ = recorded(mount, seed=7)
    assert diagnose(views, SETTINGS, {"other": OTHER_LENS}).findings == ()


@pytest.mark.parametrize("mount", ["wrist", "stand"])
@pytest.mark.parametrize(("name", "spoil", "mistake", "said"), MISTAKES, ids=[each[0] for each in MISTAKES])
def test_mistake_is_named(
    mount: Mount, name: str, spoil: Callable[[HandEyeViews], HandEyeViews], mistake: Mistake, said: str
) -> None:
    views, _ = recorded(mount)
    found = diagnose(spoil(views), SETTINGS, {"other": LENS} if name == "camera" else {}).findings
    assert [each.mistake for each in found] == [mistake]
    assert said in found[0].message


@pytest.mark.parametrize(("mount", "moved"), [("wrist", "board"), ("stand", "camera"), ("wrist", "camera")])
def test_what_moved_on_the_way_is_named_with_the_view(mount: Mount, moved: str) -> None:
    views, true = recorded(mount)
    bump = RigidTransform.from_components([0.004, 0.003, 0.0], Rotation.from_rotvec([0.0, 0.012, 0.0]))
    after = replace(true, **{moved: bump * getattr(true, moved)})
    more = synthetic_views(np.random.default_rng(9), after, mount=mount, count=12)
    assert views.joints is not None
    assert more.joints is not None
    both = replace(
        views,
        detections=views.detections[:14] + more.detections,
        joints=np.concatenate([views.joints[:14], more.joints]),
    )
    found = diagnose(both, SETTINGS).findings
    is_base_side = (moved == "camera") == (mount == "stand")
    assert [each.mistake for each in found] == [Mistake.BASE_SIDE_MOVED if is_base_side else Mistake.HAND_SIDE_MOVED]
    assert "before view 15 of 26" in found[0].message


def test_hand_that_turns_about_one_axis_is_named() -> None:
    rng = np.random.default_rng(0)
    views, true = recorded("wrist")
    del true
    joints = np.zeros((12, 6))
    joints[:, 4], joints[:, 0] = 1.2, np.linspace(-0.4, 0.4, 12) + rng.normal(0.0, 1e-3, 12)
    found = diagnose(replace(views.only(range(12)), joints=joints), SETTINGS).findings
    assert [each.mistake for each in found] == [Mistake.DEGENERATE]
    assert "one axis only" in found[0].message


def test_roll_and_yaw_that_are_swapped_are_named() -> None:
    rng = np.random.default_rng(0)
    views = as_poses(synthetic_views(rng, truth(rng, "wrist", offset=0.0), mount="wrist", count=24))
    assert views.tool is not None
    assert diagnose(views, BundleSettings()).findings == ()
    spoiled = replace(views, tool=views.tool[:, [0, 1, 2, 5, 4, 3]])
    assert [each.mistake for each in diagnose(spoiled, BundleSettings()).findings] == [Mistake.ANGLES_SWAPPED]
