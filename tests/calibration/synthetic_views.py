"""Views of a board as a known camera would see them, corners with noise instead of pictures."""

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.board import Board
from calibration.detection import Detection
from clam_robot.hardware.calibration.intrinsics import Intrinsics

BOARD = Board()
LENS = Intrinsics(
    width=640, height=480, fx=601.0, fy=598.0, cx=322.5, cy=236.0, distortion=(0.09, -0.18, 0.001, -0.0008, 0.0)
)
NOISE = 0.3  # [pixel]


def view(
    pose: RigidTransform,
    rng: np.random.Generator,
    *,
    lens: Intrinsics = LENS,
    board: Board = BOARD,
    noise: float = NOISE,
) -> Detection:
    """Corners that lie in the picture; `pose` is that of the board in the camera's frame."""
    points = pose.apply(board.points())
    corners = lens.project(points) + rng.normal(0.0, noise, (board.num_corners, 2))
    is_in = (corners >= 2).all(axis=1) & (corners <= (lens.width - 3, lens.height - 3)).all(axis=1)
    # Far beyond the picture a lens's polynomial turns back into it.
    is_in &= np.linalg.norm(points[:, :2], axis=1) < points[:, 2] * lens.width / lens.fx
    return Detection(
        ids=np.nonzero(is_in)[0], corners=corners[is_in], edge_width=2.0, width=lens.width, height=lens.height
    )


def scattered_views(
    rng: np.random.Generator,
    count: int,
    *,
    tilt: float = 0.6,
    lens: Intrinsics = LENS,
    board: Board = BOARD,
    noise: float = NOISE,
    depth: tuple[float, float] = (0.25, 0.55),
) -> list[Detection]:
    """Views all over the picture at some depth [m], the board leaning up to `tilt` [rad] about any axis in it."""
    views: list[Detection] = []
    width, height = board.size
    middle = np.array([0.5 * width, 0.5 * height, 0.0])
    while len(views) < count:
        away = rng.uniform(*depth)
        pixel = rng.uniform((0.1 * lens.width, 0.1 * lens.height), (0.9 * lens.width, 0.9 * lens.height))
        centre = away * np.array([(pixel[0] - lens.cx) / lens.fx, (pixel[1] - lens.cy) / lens.fy, 1.0])
        direction = rng.uniform(0.0, 2.0 * np.pi)
        lean = tilt * rng.uniform(0.3, 1.0) * np.array([np.cos(direction), np.sin(direction), 0.0])
        turn = Rotation.from_rotvec(lean) * Rotation.from_euler("z", rng.uniform(-0.6, 0.6))
        pose = RigidTransform.from_components(centre - turn.apply(middle), turn)
        seen = view(pose, rng, lens=lens, board=board, noise=noise)
        if len(seen.ids) >= 12:
            views.append(seen)
    return views
