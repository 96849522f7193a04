"""Hand-eye calibration in closed form: `A_i X B_i` is the same for all views i, X is wanted.

Each is a rough start for the refinement, and they fail differently: what they agree upon can be trusted. `A_i` are
poses of the hand in the base (or the other way round for a camera on a stand), `B_i` of the board before the camera.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation

Poses = Float64[np.ndarray, "n 4 4"]
Pose = Float64[np.ndarray, "4 4"]
# Motions that turn less tell little of a rotation [rad].
_LEAST_TURN = 0.05


def relative_motions(
    A: Poses, B: Poses
) -> tuple[Float64[np.ndarray, "motions 4 4"], Float64[np.ndarray, "motions 4 4"]]:
    """Motions of hand and camera between all pairs of views that turn, so that `motion_A X = X motion_B`.

    Raises:
        ValueError: none does.
    """
    first, second = np.triu_indices(len(A), 1)
    of_hand = np.linalg.inv(A[second]) @ A[first]
    of_camera = B[second] @ np.linalg.inv(B[first])
    turns = np.linalg.norm(_turns(of_hand), axis=1)
    does_turn = turns > _LEAST_TURN
    if not does_turn.any():
        raise ValueError("no motion between two views turns the hand")
    return of_hand[does_turn], of_camera[does_turn]


def park(A: Poses, B: Poses) -> Pose:
    """Park and Martin, 1994: rotation from the logarithms of the motions' rotations."""
    a, b = relative_motions(A, B)
    return _with_translation(_nearest_rotation(_turns(a).T @ _turns(b)), a, b)


def tsai(A: Poses, B: Poses) -> Pose:
    """Tsai and Lenz, 1989: rotation from modified Rodrigues vectors."""
    a, b = relative_motions(A, B)
    of_hand, of_camera = _half_sines(a), _half_sines(b)
    vector = np.linalg.lstsq(_cross(of_hand + of_camera).reshape(-1, 3), (of_camera - of_hand).ravel(), rcond=None)[0]
    axis = 2.0 * vector / np.sqrt(1.0 + vector @ vector)
    square = axis @ axis
    turn = (1.0 - 0.5 * square) * np.eye(3)
    turn += 0.5 * (np.outer(axis, axis) + np.sqrt(max(4.0 - square, 0.0)) * _cross(axis[np.newaxis])[0])
    return _with_translation(turn, a, b)


def horaud(A: Poses, B: Poses) -> Pose:
    """Horaud and Dornaika, 1995: rotation as the quaternion that fits best."""
    a, b = relative_motions(A, B)
    rows = _left(_quaternions(a)) - _right(_quaternions(b))
    _, vectors = np.linalg.eigh((rows.transpose(0, 2, 1) @ rows).sum(axis=0))
    w, x, y, z = vectors[:, 0]
    return _with_translation(Rotation.from_quat([x, y, z, w]).as_matrix(), a, b)


def daniilidis(A: Poses, B: Poses) -> Pose:
    """Daniilidis, 1999: rotation and translation at once, as a dual quaternion."""
    a, b = relative_motions(A, B)
    qa, qb = _quaternions(a), _quaternions(b)
    da, db = _dual_parts(a, qa), _dual_parts(b, qb)
    rows = np.zeros((len(a), 6, 8))
    rows[:, :3, 0] = (qa - qb)[:, 1:]
    rows[:, :3, 1:4] = _cross((qa + qb)[:, 1:])
    rows[:, 3:, 0] = (da - db)[:, 1:]
    rows[:, 3:, 1:4] = _cross((da + db)[:, 1:])
    rows[:, 3:, 4:] = rows[:, :3, :4]
    _, _, v = np.linalg.svd(rows.reshape(-1, 8), full_matrices=False)
    u1, v1, u2, v2 = v[6, :4], v[6, 4:], v[7, :4], v[7, 4:]
    # s = lambda1 / lambda2 makes real and dual part perpendicular; of two solutions the longer real part is the one.
    roots = np.roots([u1 @ v1, u1 @ v2 + u2 @ v1, u2 @ v2])
    lengths = [(s * s * (u1 @ u1) + 2.0 * s * (u1 @ u2) + u2 @ u2, s) for s in np.real(roots)]
    length, s = max(lengths)
    scale = 1.0 / np.sqrt(length)
    real, dual = scale * (s * u1 + u2), scale * (s * v1 + v2)
    w, x, y, z = real
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_quat([x, y, z, w]).as_matrix()
    conjugate = real * (1.0, -1.0, -1.0, -1.0)
    pose[:3, 3] = 2.0 * (_left(dual[np.newaxis])[0] @ conjugate)[1:]
    return pose


def andreff(A: Poses, B: Poses) -> Pose:
    """Andreff, 1999: rotation as a matrix of nine numbers, from a linear system, and made a rotation afterwards."""
    a, b = relative_motions(A, B)
    rows = np.array(
        [np.eye(9) - np.kron(hand, camera) for hand, camera in zip(a[:, :3, :3], b[:, :3, :3], strict=True)]
    )
    _, _, v = np.linalg.svd(rows.reshape(-1, 9), full_matrices=False)
    matrix = v[-1].reshape(3, 3)
    return _with_translation(_nearest_rotation(matrix * np.sign(np.linalg.det(matrix))), a, b)


def shah(A: Poses, B: Poses) -> Pose:
    """Shah, 2013: hand-eye and board at once, by Kronecker products, without making pairs of views."""
    kron = sum(np.kron(np.linalg.inv(b)[:3, :3], a[:3, :3]) for a, b in zip(A, B, strict=True))
    # vec(R_Y R_B^-1) = vec(R_A R_X): the singular vectors of the largest singular value are both rotations.
    _, _, right = np.linalg.svd(np.asarray(kron))
    matrix_x = right[0].reshape(3, 3, order="F")
    turn = _nearest_rotation(matrix_x * np.sign(np.linalg.det(matrix_x)))
    return _with_translation(turn, *relative_motions(A, B))


SOLVERS: dict[str, Callable[[Poses, Poses], Pose]] = {
    "Tsai": tsai,
    "Park": park,
    "Horaud": horaud,
    "Andreff": andreff,
    "Daniilidis": daniilidis,
    "Shah": shah,
}


def board_scale(A: Poses, B: Poses) -> tuple[Pose, float]:
    """X, and how many times larger the board is than `B` was found with, from how far the hand went meanwhile."""
    a, b = relative_motions(A, B)
    turn = _nearest_rotation(_turns(a).T @ _turns(b))
    rows = np.concatenate([a[:, :3, :3] - np.eye(3), -(turn @ b[:, :3, 3:])], axis=2).reshape(-1, 4)
    *shift, scale = np.linalg.lstsq(rows, -a[:, :3, 3].ravel(), rcond=None)[0]
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn, shift
    return pose, float(scale)


def _with_translation(turn: Float64[np.ndarray, "3 3"], a: Poses, b: Poses) -> Pose:
    rows = (a[:, :3, :3] - np.eye(3)).reshape(-1, 3)
    wanted = (b[:, :3, 3] @ turn.T - a[:, :3, 3]).ravel()
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn, np.linalg.lstsq(rows, wanted, rcond=None)[0]
    return pose


def _nearest_rotation(matrix: Float64[np.ndarray, "3 3"]) -> Float64[np.ndarray, "3 3"]:
    left, _, right = np.linalg.svd(matrix)
    return left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right


def _turns(poses: Poses) -> Float64[np.ndarray, "n 3"]:
    return Rotation.from_matrix(poses[:, :3, :3]).as_rotvec()


def _quaternions(poses: Poses) -> Float64[np.ndarray, "n 4"]:
    """w, x, y, z with w >= 0."""
    return np.roll(Rotation.from_matrix(poses[:, :3, :3]).as_quat(canonical=True), 1, axis=1)


def _half_sines(poses: Poses) -> Float64[np.ndarray, "n 3"]:
    return 2.0 * _quaternions(poses)[:, 1:]


def _dual_parts(poses: Poses, real: Float64[np.ndarray, "n 4"]) -> Float64[np.ndarray, "n 4"]:
    shifts = np.concatenate([np.zeros((len(poses), 1)), poses[:, :3, 3]], axis=1)
    return 0.5 * np.einsum("nij,nj->ni", _left(shifts), real)


def _cross(vectors: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 3 3"]:
    """Matrices that multiply as the cross product does."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)


def _left(q: Float64[np.ndarray, "n 4"]) -> Float64[np.ndarray, "n 4 4"]:
    """Matrices of the product with a quaternion on the left."""
    w, x, y, z = q.T
    return np.stack([w, -x, -y, -z, x, w, -z, y, y, z, w, -x, z, -y, x, w], axis=1).reshape(-1, 4, 4)


def _right(q: Float64[np.ndarray, "n 4"]) -> Float64[np.ndarray, "n 4 4"]:
    """Matrices of the product with a quaternion on the right."""
    w, x, y, z = q.T
    return np.stack([w, -x, -y, -z, x, w, z, -y, y, -z, w, x, z, y, -x, w], axis=1).reshape(-1, 4, 4)
