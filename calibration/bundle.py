"""Hand-eye, board pose, joint offsets and intrinsics together, from where every corner was seen.

Camera at X in its parent (the hand, or the base for a camera on a stand), board at Y in the other one. A corner P of
the board is at X^-1 G Y P before the camera, G being T_tool_base for a camera on the wrist, T_base_tool for a stand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from scipy.optimize import least_squares
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.board_pose import BoardPose, board_pose
from calibration.detection import Detection
from calibration.hand_eye_views import HandEyeViews
from calibration.hand_motion import HandMotions, motions_of_joints, motions_of_poses
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import PARAMETERS, Intrinsics
from clam_robot.hardware.wx250s import JOINT_NAMES

# A waist that is off turns the whole base, and a wrist_rotate that is off turns the hand: neither can be told from a
# base or a hand that is turned, whatever is seen.
OBSERVABLE = ("shoulder", "elbow", "forearm_roll", "wrist_angle")
GAUGE = tuple(name for name in JOINT_NAMES if name not in OBSERVABLE)


@dataclass(frozen=True, kw_only=True, eq=False)
class BundleSettings:
    """What is free, and what is known beforehand.

    Attributes:
        offsets: joints whose offset is free.
        is_scale_free: whether the board may be larger or smaller than it should.
        intrinsics_covariance: of `PARAMETERS`; those with a variance above 0 are free within it. None keeps them.
        joint_noise: standard deviation of each joint in each view: counts, play, bending [rad].
        position_noise: of the hand's position along each axis where poses were recorded, not joints [m].
        angle_noise: of its orientation about each axis [rad].
        corner_noise: of a corner along one axis [pixel]; None takes it from the views.
        camera_of: for each view, which pose of the camera it has; None: the same for all.
        board_of: the same for the board.
    """

    offsets: tuple[str, ...] = ()
    is_scale_free: bool = False
    intrinsics_covariance: Float64[np.ndarray, "9 9"] | None = None
    joint_noise: float = 7e-4
    position_noise: float = 5e-4
    angle_noise: float = 1.5e-3
    corner_noise: float | None = None
    camera_of: Int64[np.ndarray, "n"] | None = None
    board_of: Int64[np.ndarray, "n"] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class BundleResult:
    """What fits best.

    Attributes:
        cameras: poses X of the camera in its parent; one, unless `camera_of` asks for more.
        boards: poses Y of the board.
        offsets: true minus reported joints [rad]; 0 where they were not free.
        scale: of the board against what it should be.
        intrinsics: of the camera.
        covariance: of the free parameters in the order of `names`.
        names: of the free parameters: turns of a camera or board about its own axes [rad], its shift in its parent
            [m], offsets [rad], "scale" (its logarithm), intrinsics.
        residuals: found minus drawn corners, by view [pixel].
        chi2: sum of squares over what the noise explains; about `dof` where all is well.
        dof: measured numbers less free ones.
        corner_noise: that was assumed [pixel].
    """

    cameras: tuple[RigidTransform, ...]
    boards: tuple[RigidTransform, ...]
    offsets: Float64[np.ndarray, "6"]
    scale: float
    intrinsics: Intrinsics
    covariance: Float64[np.ndarray, "p p"]
    names: tuple[str, ...]
    residuals: tuple[Float64[np.ndarray, "_ 2"], ...]
    chi2: float
    dof: int
    corner_noise: float

    @property
    def misfit(self) -> float:
        """chi2 per degree of freedom: about 1 where all is well."""
        return self.chi2 / max(self.dof, 1)

    @property
    def view_rms(self) -> list[float]:
        """Of the corners' distances, by view [pixel]."""
        return [float(np.sqrt((each**2).sum(axis=1).mean())) for each in self.residuals]

    @property
    def rms(self) -> float:
        """Of the corners' distances over all views [pixel]."""
        return float(np.sqrt(np.concatenate([(each**2).sum(axis=1) for each in self.residuals]).mean()))

    @property
    def is_plausible(self) -> bool:
        """Whether an arm can be as much off as this one."""
        return float(np.abs(self.offsets).max()) < _FURTHEST_OFFSET

    def sigma(self, name: str) -> float:
        """Standard deviation of a free parameter."""
        i = self.names.index(name)
        return float(np.sqrt(self.covariance[i, i]))


def board_poses(views: HandEyeViews) -> list[BoardPose]:
    """Where the board is in each view, for itself."""
    return [board_pose(views.board, each, views.intrinsics) for each in views.detections]


def without_outliers(views: HandEyeViews, poses: Sequence[BoardPose]) -> HandEyeViews:
    """The views without corners that lie far from where their own view's board has them."""
    noise = float(np.median([each.noise for each in poses]))
    kept: list[Detection] = []
    for detection, pose in zip(views.detections, poses, strict=True):
        is_near = np.linalg.norm(pose.residuals, axis=1) <= _FAR * max(noise, _LEAST_NOISE)
        if is_near.sum() < _FEWEST:
            is_near[:] = True  # the whole view is off, which is told elsewhere
        kept.append(replace(detection, ids=detection.ids[is_near], corners=detection.corners[is_near]))
    return replace(views, detections=tuple(kept))


class Bundle:
    """The least-squares problem.

    Args:
        views: of one camera.
        settings: what is free.
        noise: of a corner [pixel], where the settings do not tell.
    """

    def __init__(self, views: HandEyeViews, settings: BundleSettings, noise: float) -> None:
        if settings.offsets and views.joints is None:
            raise CalibrationError("joint offsets need joints; only poses of the hand were recorded")
        self._views, self._settings = views, settings
        self.noise = max(settings.corner_noise or noise, _LEAST_NOISE)
        zeros = np.zeros(views.count, np.int64)
        self._camera_of = zeros if settings.camera_of is None else settings.camera_of
        self._board_of = zeros if settings.board_of is None else settings.board_of
        self._num_cameras, self._num_boards = int(self._camera_of.max()) + 1, int(self._board_of.max()) + 1
        self._offsets = [JOINT_NAMES.index(name) for name in settings.offsets]
        prior = settings.intrinsics_covariance
        self._lens = [] if prior is None else [i for i in range(len(PARAMETERS)) if prior[i, i] > 0]
        self._prior = np.zeros((0, 0))
        if prior is not None and self._lens:
            self._prior = np.linalg.inv(np.linalg.cholesky(prior[np.ix_(self._lens, self._lens)]))
        counts = [len(each.ids) for each in views.detections]
        ends = np.cumsum(counts)
        self._slices = [slice(end - count, end) for count, end in zip(counts, ends, strict=True)]
        self._view_of = np.repeat(np.arange(views.count), counts)
        self._points = np.concatenate([views.board.points()[each.ids] for each in views.detections])
        self._corners = np.concatenate([each.corners for each in views.detections])
        self._is_wrist = views.mount == "wrist"
        self._num_poses = self._num_cameras + self._num_boards
        if views.joints is None:
            self._recorded = motions_of_poses(views.hands())
            self._hand_noise = np.array([settings.position_noise] * 3 + [settings.angle_noise] * 3)
        else:
            self._recorded = motions_of_joints(views.joints)
            self._hand_noise = np.full(6, settings.joint_noise)
        poses = [f"camera{i}" if i else "camera" for i in range(self._num_cameras)]
        poses += [f"board{i}" if i else "board" for i in range(self._num_boards)]
        self.names = (
            *(f"{pose} {axis}" for pose in poses for axis in ("rx", "ry", "rz", "x", "y", "z")),
            *(f"offset {name}" for name in settings.offsets),
            *(("scale",) if settings.is_scale_free else ()),
            *(PARAMETERS[i] for i in self._lens),
        )

    def solve(self, camera: RigidTransform, board: RigidTransform, scale: float = 1.0) -> BundleResult:
        """The best fit near a start."""
        cameras, boards = [camera] * self._num_cameras, [board] * self._num_boards
        vector = np.zeros(len(self.names) - 6 * self._num_poses)
        if self._settings.is_scale_free:
            vector[len(self._offsets)] = np.log(scale)
        whiten: list[np.ndarray] = []
        for _ in range(_ROUNDS):
            # What the arm's noise does to the corners is found anew from round to round.
            whiten = self._whitening(cameras, boards, vector)
            evaluate = _Memory(lambda x, c=cameras, b=boards, w=whiten: self._whitened(x, c, b, w))
            found = least_squares(
                lambda x, evaluate=evaluate: evaluate(x)[0],
                np.concatenate([np.zeros(6 * self._num_poses), vector]),
                jac=lambda x, evaluate=evaluate: evaluate(x)[1],  # pyright: ignore[reportArgumentType]
                loss="soft_l1",
                f_scale=_SOFT,
                x_scale="jac",
                xtol=1e-7,
                ftol=1e-7,
                gtol=1e-10,
                max_nfev=_EVALUATIONS,
            )
            cameras, boards = self._moved(found.x, cameras, boards)
            vector = found.x[6 * self._num_poses :]
        return self._result(cameras, boards, vector, whiten)

    def information(self, camera: RigidTransform, board: RigidTransform) -> Float64[np.ndarray, "n p p"]:
        """What each view would tell of the free parameters, near this camera and board."""
        vector = np.zeros(len(self.names) - 6 * self._num_poses)
        whiten = self._whitening([camera], [board], vector)
        _, jacobian = self._whitened(np.zeros(len(self.names)), [camera], [board], whiten)
        rows = [jacobian[2 * part.start : 2 * part.stop] for part in self._slices]
        return np.array([each.T @ each for each in rows])

    def linear_chi2(self, near: BundleResult) -> float:
        """Sum of squares after one linear step from a fit with fewer poses."""
        cameras, boards = [near.cameras[0]] * self._num_cameras, [near.boards[0]] * self._num_boards
        numbers = near.intrinsics.vector - self._views.intrinsics.vector
        scale = [np.log(near.scale)] if self._settings.is_scale_free else []
        vector = np.array([*near.offsets[self._offsets], *scale, *numbers[self._lens]])
        whiten = self._whitening(cameras, boards, vector)
        rest, jacobian = self._whitened(
            np.concatenate([np.zeros(6 * self._num_poses), vector]), cameras, boards, whiten
        )
        normal = jacobian.T @ jacobian
        gradient = jacobian.T @ rest
        return float(rest @ rest - gradient @ np.linalg.lstsq(normal, gradient, rcond=1e-12)[0])

    def _result(self, cameras: list[Any], boards: list[Any], vector: np.ndarray, whiten: list[Any]) -> BundleResult:
        still = np.concatenate([np.zeros(6 * self._num_poses), vector])
        rest, jacobian = self._whitened(still, cameras, boards, whiten)
        # As the loss does: what lies far off counts less.
        cost = 2.0 * _SOFT**2 * (np.sqrt(1.0 + (rest / _SOFT) ** 2) - 1.0)
        dof = len(rest) - len(self.names)
        chi2 = float(cost.sum())
        covariance = np.linalg.pinv(jacobian.T @ jacobian, hermitian=True) * max(chi2 / max(dof, 1), 1.0)
        offsets = np.zeros(len(JOINT_NAMES))
        offsets[self._offsets] = vector[: len(self._offsets)]
        drawn = self._terms(cameras, boards, vector).rest
        return BundleResult(
            cameras=tuple(cameras),
            boards=tuple(boards),
            offsets=offsets,
            scale=self._scale(vector),
            intrinsics=self._intrinsics(vector),
            covariance=covariance,
            names=self.names,
            residuals=tuple(drawn[part] for part in self._slices),
            chi2=chi2,
            dof=dof,
            corner_noise=self.noise,
        )

    def _scale(self, vector: np.ndarray) -> float:
        return float(np.exp(vector[len(self._offsets)])) if self._settings.is_scale_free else 1.0

    def _intrinsics(self, vector: np.ndarray) -> Intrinsics:
        if not self._lens:
            return self._views.intrinsics
        numbers = self._views.intrinsics.vector
        numbers[self._lens] += vector[len(vector) - len(self._lens) :]
        return self._views.intrinsics.with_vector(numbers)

    def _moved(self, x: np.ndarray, cameras: list[Any], boards: list[Any]) -> tuple[list[Any], list[Any]]:
        steps = x[: 6 * self._num_poses].reshape(-1, 6)
        poses = [
            RigidTransform.from_components(pose.translation + step[3:], pose.rotation * Rotation.from_rotvec(step[:3]))
            for pose, step in zip([*cameras, *boards], steps, strict=True)
        ]
        return poses[: self._num_cameras], poses[self._num_cameras :]

    def _terms(self, cameras: list[Any], boards: list[Any], vector: np.ndarray) -> "_Terms":
        """Residuals of all corners, and how the drawn corners change."""
        scale, lens, view = self._scale(vector), self._intrinsics(vector), self._view_of
        motions = self._hands(vector)
        R_camera, t_camera = _stack(cameras, self._camera_of[view])
        R_board, t_board = _stack(boards, self._board_of[view])
        R_hand, t_hand = motions.poses[view, :3, :3], motions.poses[view, :3, 3]
        own = scale * self._points
        outer = np.einsum("nij,nj->ni", R_board, own) + t_board
        if self._is_wrist:
            inner = np.einsum("nji,nj->ni", R_hand, outer - t_hand)
            R_hand = R_hand.transpose(0, 2, 1)
        else:
            inner = np.einsum("nij,nj->ni", R_hand, outer) + t_hand
        seen = np.einsum("nji,nj->ni", R_camera, inner - t_camera)
        pixels, by_seen, by_lens = lens.project_with_jacobians(seen)
        by_inner = by_seen @ R_camera.transpose(0, 2, 1)
        by_outer = by_inner @ R_hand
        # To the hand, points that stand still in the base move the other way.
        by_moved = (
            -by_outer @ motions.shifts_of(outer, view) if self._is_wrist else by_inner @ motions.shifts_of(inner, view)
        )
        return _Terms(
            rest=self._corners - pixels,
            by_camera=np.concatenate([by_seen @ _cross(seen), -by_inner], axis=2),
            by_board=np.concatenate([-(by_outer @ R_board) @ _cross(own), by_outer], axis=2),
            by_noise=by_moved * self._hand_noise,
            by_rest=np.concatenate(
                [
                    by_moved[:, :, self._offsets],
                    *([by_outer @ (outer - t_board)[:, :, np.newaxis]] if self._settings.is_scale_free else []),
                    by_lens[:, :, self._lens],
                ],
                axis=2,
            ),
        )

    def _hands(self, vector: np.ndarray) -> HandMotions:
        if self._views.joints is None:
            return self._recorded
        if not self._offsets:
            return self._recorded
        joints = self._views.joints.copy()
        joints[:, self._offsets] += vector[: len(self._offsets)]
        return motions_of_joints(joints)

    def _whitening(self, cameras: list[Any], boards: list[Any], vector: np.ndarray) -> list[np.ndarray]:
        """For each view a matrix that makes its residuals independent and of variance 1."""
        by_noise = self._terms(cameras, boards, vector).by_noise / self.noise
        matrices: list[np.ndarray] = []
        for part in self._slices:
            of_hand = by_noise[part].reshape(-1, 6)
            u, s, _ = np.linalg.svd(of_hand, full_matrices=False)
            shrink = 1.0 / np.sqrt(1.0 + s**2) - 1.0
            matrices.append((np.eye(len(of_hand)) + (u * shrink) @ u.T) / self.noise)
        return matrices

    def _whitened(
        self, x: np.ndarray, cameras: list[Any], boards: list[Any], whiten: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Residuals and their Jacobian, in standard deviations."""
        steps = x[: 6 * self._num_poses].reshape(-1, 6)
        vector = x[steps.size :]
        terms = self._terms(*self._moved(x, cameras, boards), vector)
        jacobian = np.zeros((*terms.rest.shape, len(x)))
        for block, step in enumerate(steps):
            number = block if block < self._num_cameras else block - self._num_cameras
            of = self._camera_of if block < self._num_cameras else self._board_of
            derivative = terms.by_camera if block < self._num_cameras else terms.by_board
            is_its = (of == number)[self._view_of]
            columns = derivative[is_its]
            columns[:, :, :3] = columns[:, :, :3] @ _right_jacobian(step[:3])
            jacobian[is_its, :, 6 * block : 6 * block + 6] = columns
        jacobian[:, :, steps.size :] = terms.by_rest
        rests = [w @ terms.rest[part].reshape(-1) for w, part in zip(whiten, self._slices, strict=True)]
        rows = [-w @ jacobian[part].reshape(-1, len(x)) for w, part in zip(whiten, self._slices, strict=True)]
        if self._offsets:
            rests.append(vector[: len(self._offsets)] / _OFFSET)
            known = np.zeros((len(self._offsets), len(x)))
            known[:, steps.size : steps.size + len(self._offsets)] = np.eye(len(self._offsets)) / _OFFSET
            rows.append(known)
        if self._lens:
            rests.append(self._prior @ vector[len(vector) - len(self._lens) :])
            known = np.zeros((len(self._lens), len(x)))
            known[:, len(x) - len(self._lens) :] = self._prior
            rows.append(known)
        return np.concatenate(rests), np.concatenate(rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Terms:
    """Residuals (n, 2) of all corners, and how the drawn corners change with each thing, (n, 2, k)."""

    rest: np.ndarray
    by_camera: np.ndarray
    by_board: np.ndarray
    by_noise: np.ndarray
    by_rest: np.ndarray


def _stack(poses: list[Any], number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    turns, shifts = (
        np.array([each.rotation.as_matrix() for each in poses]),
        np.array([each.translation for each in poses]),
    )
    return turns[number], shifts[number]


class _Memory:
    """A function that is asked twice in a row for the same argument."""

    def __init__(self, function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
        self._function, self._x, self._value = function, np.empty(0), (np.empty(0), np.empty(0))

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not np.array_equal(x, self._x):
            self._x, self._value = x.copy(), self._function(x)
        return self._value


def _cross(vectors: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 3 3"]:
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)


def _right_jacobian(turn: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3 3"]:
    """How a rotation vector's change turns the rotated frame about its own axes."""
    angle = float(np.linalg.norm(turn))
    cross = _cross(turn[np.newaxis])[0]
    if angle < 1e-6:
        return np.eye(3) - 0.5 * cross
    return np.eye(3) - (1.0 - np.cos(angle)) / angle**2 * cross + (angle - np.sin(angle)) / angle**3 * cross @ cross


# Corners further off than this many standard deviations are no corners.
_FAR, _FEWEST = 5.0, 6
# No corner is found better than this [pixel].
_LEAST_NOISE = 0.03
# Standard deviations from which on a residual counts less than its square.
_SOFT = 3.0
# Offsets are of this order beforehand [rad]: an arm that leans over backwards could be any arm.
_OFFSET = 0.1
_FURTHEST_OFFSET = 0.35
_ROUNDS = 2
_EVALUATIONS = 30
