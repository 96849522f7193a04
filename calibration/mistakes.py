"""What can be wrong with the views of a hand-eye calibration, and how that would look if it were right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from calibration.bundle_settings import BundleSettings
from calibration.hand_eye_views import HandEyeViews
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.wx250s import JOINT_NAMES


class Mistake(StrEnum):
    """What is wrong."""

    TOO_FEW_VIEWS = "too few views"
    DEGENERATE = "degenerate motion"
    BOARD_STILL = "the board does not move in the pictures"
    JOINT_SIGN = "a joint counts the wrong way round"
    JOINTS_SWAPPED = "two joints are swapped"
    ANGLES_SWAPPED = "roll and yaw are swapped"
    POSE_INVERTED = "the hand's poses are the wrong way round"
    DEGREES = "degrees, not radians"
    WRONG_MOUNT = "the camera of the other mount"
    SWAPPED_CAMERAS = "the pictures of another camera"
    BASE_SIDE_MOVED = "stand or board moved"
    HAND_SIDE_MOVED = "what the hand carries slipped"
    BOARD_SIZE = "the board has another size"
    INCONSISTENT = "the views do not agree"
    POORLY_KNOWN = "the result is poorly known"


@dataclass(frozen=True, kw_only=True, eq=False)
class Hypothesis:
    """Views as they would be without one mistake.

    Attributes:
        mistake: that was made.
        message: what to tell the person.
        views: put right.
        settings: what is to be fitted.
    """

    mistake: Mistake
    message: str
    views: HandEyeViews
    settings: BundleSettings


def hypotheses(views: HandEyeViews, settings: BundleSettings, others: Mapping[str, Intrinsics]) -> Iterator[Hypothesis]:
    """All single mistakes that change the whole recording.

    Args:
        views: as recorded.
        settings: of the fit.
        others: intrinsics of the robot's other cameras, by name.
    """
    if views.joints is not None:
        yield from _of_joints(views, settings, views.joints)
    if views.tool is not None:
        yield from _of_poses(views, settings, views.tool)
    other = "stand" if views.mount == "wrist" else "wrist"
    yield Hypothesis(
        mistake=Mistake.WRONG_MOUNT,
        message=f"the views fit a camera on the {other}, not on the {views.mount}; are the two cameras swapped, or is "
        "--mount wrong?",
        views=replace(views, mount=other),
        settings=settings,
    )
    for name, intrinsics in others.items():
        if (intrinsics.width, intrinsics.height) == (views.intrinsics.width, views.intrinsics.height):
            yield Hypothesis(
                mistake=Mistake.SWAPPED_CAMERAS,
                message=f"the views fit the intrinsics of camera {name!r} better; are the two cameras swapped?",
                views=replace(views, intrinsics=intrinsics),
                settings=settings,
            )


def _of_joints(views: HandEyeViews, settings: BundleSettings, joints: np.ndarray) -> Iterator[Hypothesis]:
    for i, name in enumerate(JOINT_NAMES):
        turned = joints.copy()
        turned[:, i] *= -1.0
        yield Hypothesis(
            mistake=Mistake.JOINT_SIGN,
            message=f"{name} counts the wrong way round: with its sign changed the views agree; see its Drive_Mode",
            views=replace(views, joints=turned),
            settings=settings,
        )
    for i, first in enumerate(JOINT_NAMES):
        for j, second in enumerate(JOINT_NAMES[i + 1 :], i + 1):
            swapped = joints.copy()
            swapped[:, [i, j]] = swapped[:, [j, i]]
            yield Hypothesis(
                mistake=Mistake.JOINTS_SWAPPED,
                message=f"{first} and {second} are swapped: with the two columns exchanged the views agree",
                views=replace(views, joints=swapped),
                settings=settings,
            )
    yield Hypothesis(
        mistake=Mistake.DEGREES,
        message="the joints seem to be in degrees; give radians",
        views=replace(views, joints=np.radians(joints)),
        settings=settings,
    )


def _of_poses(views: HandEyeViews, settings: BundleSettings, tool: np.ndarray) -> Iterator[Hypothesis]:
    yield Hypothesis(
        mistake=Mistake.ANGLES_SWAPPED,
        message="roll and yaw of the hand are swapped: exchanged, the views agree",
        views=replace(views, tool=tool[:, [0, 1, 2, 5, 4, 3]]),
        settings=settings,
    )
    for i, name in enumerate(("x", "y", "z", "roll", "pitch", "yaw")):
        turned = tool.copy()
        turned[:, i] *= -1.0
        yield Hypothesis(
            mistake=Mistake.JOINT_SIGN,
            message=f"{name} of the hand counts the wrong way round: with its sign changed the views agree",
            views=replace(views, tool=turned),
            settings=settings,
        )
    hands = np.linalg.inv(views.hands())
    angles = np.stack(
        [
            np.arctan2(hands[:, 2, 1], hands[:, 2, 2]),
            np.arcsin(np.clip(-hands[:, 2, 0], -1.0, 1.0)),
            np.arctan2(hands[:, 1, 0], hands[:, 0, 0]),
        ],
        axis=1,
    )
    yield Hypothesis(
        mistake=Mistake.POSE_INVERTED,
        message="the poses are those of the base in the hand's frame; give the hand's in the base's",
        views=replace(views, tool=np.concatenate([hands[:, :3, 3], angles], axis=1)),
        settings=settings,
    )
    degrees = tool.copy()
    degrees[:, 3:] = np.radians(degrees[:, 3:])
    yield Hypothesis(
        mistake=Mistake.DEGREES,
        message="roll, pitch and yaw seem to be in degrees; give radians",
        views=replace(views, tool=degrees),
        settings=settings,
    )
