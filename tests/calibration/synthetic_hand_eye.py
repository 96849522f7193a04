"""A WidowX that looks at a board, corners with noise instead of pictures."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.board import Board
from calibration.detection import Detection
from calibration.gravity import gravity_loads
from calibration.hand_eye_views import HandEyeViews
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.wx250s import joint_limits
from tests.calibration.synthetic_views import BOARD, LENS, NOISE, view

JOINT_NOISE = 5e-4  # [rad]
# Smaller, as a hand can hold it.
HELD_BOARD = Board(columns=7, rows=5, square=0.026, marker=0.019)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is to be found.

    Attributes:
        camera: in its parent.
        board: in its parent.
        offsets: (6,) true minus reported joints [rad].
    """

    camera: RigidTransform
    board: RigidTransform
    offsets: np.ndarray

    def as_seen(self, mount: str) -> RigidTransform:
        """The camera's pose for somebody who takes reported waist and wrist_rotate for true."""
        if mount == "wrist":
            return RigidTransform.from_rotation(Rotation.from_euler("x", self.offsets[5])) * self.camera
        return RigidTransform.from_rotation(Rotation.from_euler("z", -self.offsets[0])) * self.camera


def look(eye: np.ndarray, target: np.ndarray, roll: float = 0.0) -> RigidTransform:
    """A camera at `eye` that looks at `target`, x right, y down, z forwards."""
    z = (target - eye) / np.linalg.norm(target - eye)
    x = np.cross(z, [0.0, 0.0, 1.0])
    x = x / np.linalg.norm(x)
    turn = Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=1)) * Rotation.from_euler("z", roll)
    return RigidTransform.from_components(eye, turn)


def truth(rng: np.random.Generator, mount: Literal["wrist", "stand"], offset: float = 5e-3) -> Truth:
    def wobble(pose: RigidTransform) -> RigidTransform:
        return RigidTransform.from_components(
            pose.translation + rng.normal(0.0, 0.01, 3), pose.rotation * Rotation.from_rotvec(rng.normal(0.0, 0.05, 3))
        )

    offsets = offset * rng.choice([-1.0, 1.0], 6)
    if mount == "wrist":
        camera = look(np.array([-0.06, 0.0, 0.08]), np.array([0.05, 0.0, 0.0]))
        board = RigidTransform.from_components([0.23, 0.10, 0.03], Rotation.from_euler("xz", [np.pi, -np.pi / 2]))
    else:
        camera = look(np.array([0.75, 0.25, 0.45]), np.array([0.30, 0.0, 0.2]))
        # Before the fingers, facing away from them, its middle on the hand's axis.
        turn = Rotation.from_matrix(np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]))
        board = RigidTransform.from_components([0.03, -0.09, 0.065], turn)
    return Truth(camera=wobble(camera), board=wobble(board), offsets=offsets)


def shoot(
    true: Truth,
    joints: np.ndarray,
    rng: np.random.Generator,
    *,
    mount: Literal["wrist", "stand"],
    board: Board,
    lens: Intrinsics = LENS,
    noise: float = NOISE,
) -> Detection:
    hand = tool_pose(joints)
    inner = hand.inv() if mount == "wrist" else hand
    return view(true.camera.inv() * inner * true.board, rng, lens=lens, board=board, noise=noise)


def synthetic_views(
    rng: np.random.Generator,
    true: Truth,
    *,
    mount: Literal["wrist", "stand"],
    count: int = 30,
    noise: float = NOISE,
    joint_noise: float = JOINT_NOISE,
    board: Board | None = None,
    compliances: tuple[float, ...] | None = None,
) -> HandEyeViews:
    """Random poses of the arm in which most of the board is seen, from its front."""
    board = board or (BOARD if mount == "wrist" else HELD_BOARD)
    low, high = joint_limits()
    centre = np.append(0.5 * np.array(board.size), 0.0)
    joints: list[np.ndarray] = []
    seen: list[Detection] = []
    while len(seen) < count:
        middle = np.array([0.0, -0.4, 0.3, 0.0, 1.1, 0.0] if mount == "wrist" else [0.2, -0.5, 0.5, 0.0, 0.0, 0.0])
        reported = middle + rng.uniform(-1.0, 1.0, 6) * (0.5, 0.6, 0.7, 1.0, 0.8, 1.2)
        position = reported + true.offsets + rng.normal(0.0, joint_noise, 6)
        if compliances is not None:
            position += np.array(compliances) * gravity_loads(reported[np.newaxis])[0]
        if (reported < low).any() or (reported > high).any():
            continue
        hand = tool_pose(position)
        pose = true.camera.inv() * (hand.inv() if mount == "wrist" else hand) * true.board
        at = pose.apply(centre)
        if not (0.15 < at[2] < 0.8 and pose.rotation.as_matrix()[:, 2] @ at > 0.5 * np.linalg.norm(at)):
            continue
        found = shoot(true, position, rng, mount=mount, board=board, noise=noise)
        if len(found.ids) >= max(8, 0.6 * board.num_corners):
            joints.append(reported)
            seen.append(found)
    return HandEyeViews(mount=mount, board=board, intrinsics=LENS, detections=tuple(seen), joints=np.array(joints))
