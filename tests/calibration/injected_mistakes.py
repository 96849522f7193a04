"""Recordings of an arm that looks at a board, spoiled in every way that has to be noticed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.hand_eye_views import HandEyeViews
from calibration.mistakes import Mistake
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.wx250s import JOINT_NAMES
from tests.calibration.synthetic_hand_eye import Truth, synthetic_views, truth
from tests.calibration.synthetic_views import LENS

Mount = Literal["wrist", "stand"]
MOUNTS: tuple[Mount, ...] = ("wrist", "stand")
OTHER_LENS = replace(LENS, fx=520.0, fy=520.0, cx=300.0, cy=260.0)
Spoil = Callable[[HandEyeViews, Truth, np.random.Generator], HandEyeViews]


@dataclass(frozen=True, kw_only=True)
class InjectedMistake:
    """One way to spoil a recording.

    Attributes:
        name: of it.
        spoil: does it.
        mistake: that is to be named, by mount.
        said: what the message has to contain.
        others: intrinsics of other cameras that the diagnosis knows.
    """

    name: str
    spoil: Spoil
    mistake: dict[Mount, Mistake]
    said: str
    others: dict[str, Intrinsics] = field(default_factory=dict[str, Intrinsics])


def recording(mount: Mount, seed: int = 0, count: int = 24) -> tuple[HandEyeViews, Truth, np.random.Generator]:
    rng = np.random.default_rng(seed)
    true = truth(rng, mount)
    return synthetic_views(rng, true, mount=mount, count=count), true, rng


def _sign(joint: int) -> Spoil:
    def spoil(views: HandEyeViews, true: Truth, rng: np.random.Generator) -> HandEyeViews:
        assert views.joints is not None
        return replace(views, joints=views.joints * np.where(np.arange(6) == joint, -1.0, 1.0))

    return spoil


def _swapped(views: HandEyeViews, true: Truth, rng: np.random.Generator) -> HandEyeViews:
    assert views.joints is not None
    return replace(views, joints=views.joints[:, [0, 1, 2, 5, 4, 3]])


def _sized(factor: float) -> Spoil:
    def spoil(views: HandEyeViews, true: Truth, rng: np.random.Generator) -> HandEyeViews:
        board = views.board
        return replace(views, board=replace(board, square=board.square * factor, marker=board.marker * factor))

    return spoil


def _moved(part: Literal["camera", "board"]) -> Spoil:
    """Bumped by 5 mm and 0.7 degrees after two thirds of the views."""

    def spoil(views: HandEyeViews, true: Truth, rng: np.random.Generator) -> HandEyeViews:
        bump = RigidTransform.from_components([0.004, 0.003, 0.0], Rotation.from_rotvec([0.0, 0.012, 0.0]))
        first = 2 * views.count // 3
        count = views.count - first
        after = replace(true, **{part: bump * getattr(true, part)})
        more = synthetic_views(rng, after, mount=views.mount, count=count)
        assert views.joints is not None
        assert more.joints is not None
        return replace(
            views,
            detections=views.detections[:first] + more.detections,
            joints=np.concatenate([views.joints[:first], more.joints]),
        )

    return spoil


def _one_axis(views: HandEyeViews, true: Truth, rng: np.random.Generator) -> HandEyeViews:
    joints = np.tile([0.0, 0.0, 0.0, 0.0, 1.2, 0.0], (views.count, 1))
    joints[:, 0] = np.linspace(-0.4, 0.4, views.count) + rng.normal(0.0, 1e-3, views.count)
    return replace(views, joints=joints)


def _both(mistake: Mistake) -> dict[Mount, Mistake]:
    return {"wrist": mistake, "stand": mistake}


_OTHER: dict[Mount, Mount] = {"wrist": "stand", "stand": "wrist"}
INJECTED: tuple[InjectedMistake, ...] = (
    *(
        InjectedMistake(
            name=f"sign of {name}", spoil=_sign(i), mistake=_both(Mistake.JOINT_SIGN), said=f"{name} counts"
        )
        for i, name in enumerate(JOINT_NAMES)
    ),
    InjectedMistake(
        name="two joints swapped",
        spoil=_swapped,
        mistake=_both(Mistake.JOINTS_SWAPPED),
        said="forearm_roll and wrist_rotate",
    ),
    InjectedMistake(
        name="camera of the other mount",
        spoil=lambda views, true, rng: replace(views, mount=_OTHER[views.mount]),
        mistake=_both(Mistake.WRONG_MOUNT),
        said="swapped",
    ),
    InjectedMistake(
        name="pictures of another camera",
        spoil=lambda views, true, rng: replace(views, intrinsics=OTHER_LENS),
        mistake=_both(Mistake.SWAPPED_CAMERAS),
        said="'other'",
        others={"other": LENS},
    ),
    InjectedMistake(
        name="board that never moves",
        spoil=lambda views, true, rng: replace(views, detections=(views.detections[0],) * views.count),
        mistake=_both(Mistake.BOARD_STILL),
        said="cameras swapped",
    ),
    InjectedMistake(
        name="board or stand moved",
        spoil=lambda views, true, rng: _moved("board" if views.mount == "wrist" else "camera")(views, true, rng),
        mistake=_both(Mistake.BASE_SIDE_MOVED),
        said="before view",
    ),
    InjectedMistake(
        name="slipped in the hand",
        spoil=lambda views, true, rng: _moved("camera" if views.mount == "wrist" else "board")(views, true, rng),
        mistake=_both(Mistake.HAND_SIDE_MOVED),
        said="before view",
    ),
    InjectedMistake(
        name="board 2 % smaller", spoil=_sized(1.02), mistake=_both(Mistake.BOARD_SIZE), said="measure the print"
    ),
    InjectedMistake(
        name="board a quarter larger", spoil=_sized(0.8), mistake=_both(Mistake.BOARD_SIZE), said="measure the print"
    ),
    InjectedMistake(
        name="too few views",
        spoil=lambda views, true, rng: views.only(range(5)),
        mistake=_both(Mistake.TOO_FEW_VIEWS),
        said="5 views",
    ),
    InjectedMistake(
        name="turns about one axis only", spoil=_one_axis, mistake=_both(Mistake.DEGENERATE), said="one axis only"
    ),
)
