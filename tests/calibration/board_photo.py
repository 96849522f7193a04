"""Drawn pictures of a board."""

import cv2
import numpy as np
from jaxtyping import UInt8
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.board import Board
from tests.calibration.synthetic_views import LENS

BOARD = Board()


def photo(rng: np.random.Generator) -> UInt8[np.ndarray, "H W 3"]:
    """A picture of the board somewhere before a camera without distortion."""
    pixels = 40
    picture = np.pad(BOARD.picture(pixels), pixels, constant_values=255)
    middle = np.append(0.5 * np.array(BOARD.size), 0.0)
    depth = rng.uniform(0.22, 0.5)
    centre = depth * np.array([*rng.uniform((-0.5, -0.38), (0.5, 0.38)), 1.0])
    turn = Rotation.from_rotvec([*rng.uniform(-0.6, 0.6, 2), rng.uniform(-0.4, 0.4)])
    pose = RigidTransform.from_components(centre - turn.apply(middle), turn)
    flat = np.array([[-0.5, -0.5], [8.5, -0.5], [8.5, 6.5], [-0.5, 6.5]])
    corners = (pose.apply(np.column_stack([flat * BOARD.square, np.zeros(4)])) @ LENS.matrix.T)[:, :2]
    depths = pose.apply(np.column_stack([flat * BOARD.square, np.zeros(4)]))[:, 2:]
    source = (flat + 1.0) * pixels - 0.5
    warp = cv2.getPerspectiveTransform(source.astype(np.float32), (corners / depths).astype(np.float32))
    drawn = cv2.warpPerspective(picture, warp, (LENS.width, LENS.height), flags=cv2.INTER_AREA, borderValue=128)
    return np.repeat(np.asarray(drawn, np.uint8)[:, :, np.newaxis], 3, axis=2)
