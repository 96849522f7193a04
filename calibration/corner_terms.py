"""Where corners are drawn, and how they move with everything that may be off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from scipy.spatial.transform import RigidTransform

from calibration.hand_motion import HandMotions
from calibration.rotation_vectors import cross_matrices
from clam_robot.hardware.calibration.intrinsics import Intrinsics

Frames = tuple[Float64[np.ndarray, "n 3 3"], Float64[np.ndarray, "n 3"]]


@dataclass(frozen=True, kw_only=True, eq=False)
class CornerTerms:
    """Of n corners.

    Attributes:
        pixels: where they are drawn.
        by_camera: how they move with turns of the camera about its own axes, and its shifts in its parent.
        by_board: the same of the board.
        by_motion: with the hand's six motions, see `HandMotions`.
        by_scale: with the logarithm of the board's scale.
        by_lens: with the intrinsics.
    """

    pixels: Float64[np.ndarray, "n 2"]
    by_camera: Float64[np.ndarray, "n 2 6"]
    by_board: Float64[np.ndarray, "n 2 6"]
    by_motion: Float64[np.ndarray, "n 2 6"]
    by_scale: Float64[np.ndarray, "n 2 1"]
    by_lens: Float64[np.ndarray, "n 2 9"]


def frames(poses: Sequence[RigidTransform], number: Int64[np.ndarray, "n"]) -> Frames:
    """Rotations and translations of the pose that each corner has."""
    turns = np.array([each.rotation.as_matrix() for each in poses])
    return turns[number], np.array([each.translation for each in poses])[number]


def corner_terms(
    points: Float64[np.ndarray, "n 3"],
    camera: Frames,
    board: Frames,
    hands: HandMotions,
    view: Int64[np.ndarray, "n"],
    lens: Intrinsics,
    *,
    is_wrist: bool,
) -> CornerTerms:
    """A corner P of the board is at X^-1 G Y P before the camera, see `calibration.bundle`.

    Args:
        points: P [m].
        camera: X.
        board: Y.
        hands: poses of the tool, by view.
        view: that each corner is in.
        lens: of the camera.
        is_wrist: whether the camera is on the wrist.
    """
    (R_camera, t_camera), (R_board, t_board) = camera, board
    R_hand, t_hand = hands.poses[view, :3, :3], hands.poses[view, :3, 3]
    outer = np.einsum("nij,nj->ni", R_board, points) + t_board
    if is_wrist:
        inner = np.einsum("nji,nj->ni", R_hand, outer - t_hand)
        R_hand = R_hand.transpose(0, 2, 1)
    else:
        inner = np.einsum("nij,nj->ni", R_hand, outer) + t_hand
    seen = np.einsum("nji,nj->ni", R_camera, inner - t_camera)
    pixels, by_seen, by_lens = lens.project_with_jacobians(seen)
    by_inner = by_seen @ R_camera.transpose(0, 2, 1)
    by_outer = by_inner @ R_hand
    # To the hand, points that stand still in the base move the other way.
    by_motion = -by_outer @ hands.shifts_of(outer, view) if is_wrist else by_inner @ hands.shifts_of(inner, view)
    return CornerTerms(
        pixels=pixels,
        by_camera=np.concatenate([by_seen @ cross_matrices(seen), -by_inner], axis=2),
        by_board=np.concatenate([-(by_outer @ R_board) @ cross_matrices(points), by_outer], axis=2),
        by_motion=by_motion,
        by_scale=by_outer @ (outer - t_board)[:, :, np.newaxis],
        by_lens=by_lens,
    )
