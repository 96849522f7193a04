"""Hand-eye, board pose, joint offsets and intrinsics together, from where every corner was seen.

Camera at X in its parent (the hand, or the base for a camera on a stand), board at Y in the other one. A corner P of
the board is at X^-1 G Y P before the camera, G being T_tool_base for a camera on the wrist, T_base_tool for a stand.
A joint is where it reports to be, and its offset, and what gravity bends it by.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64
from scipy.optimize import least_squares
from scipy.spatial.transform import RigidTransform

from calibration.bundle_parameters import BundleParameters
from calibration.bundle_result import BundleResult
from calibration.bundle_settings import BundleSettings
from calibration.corner_terms import CornerTerms, corner_terms, frames
from calibration.gravity import gravity_loads
from calibration.hand_eye_views import HandEyeViews
from calibration.hand_motion import HandMotions, motions_of_joints, motions_of_poses
from calibration.rotation_vectors import right_jacobian
from clam_robot.errors import CalibrationError

Poses = Sequence[RigidTransform]


class Bundle:
    """The least-squares problem.

    Args:
        views: of one camera.
        settings: what is free.
        noise: of a corner [pixel], where the settings do not tell.
    """

    def __init__(self, views: HandEyeViews, settings: BundleSettings, noise: float) -> None:
        if (settings.offsets or settings.compliances) and views.joints is None:
            raise CalibrationError("joint offsets need joints; only poses of the hand were recorded")
        self._views = views
        self.noise = max(settings.corner_noise or noise, _LEAST_NOISE)
        zeros = np.zeros(views.count, np.int64)
        self._camera_of = zeros if settings.camera_of is None else settings.camera_of
        self._board_of = zeros if settings.board_of is None else settings.board_of
        num_cameras, num_boards = int(self._camera_of.max()) + 1, int(self._board_of.max()) + 1
        self._free = BundleParameters(views, settings, num_cameras, num_boards)
        self.names = self._free.names
        counts = [len(each.ids) for each in views.detections]
        ends = np.cumsum(counts)
        self._slices = [slice(end - count, end) for count, end in zip(counts, ends, strict=True)]
        self._view_of = np.repeat(np.arange(views.count), counts)
        self._points = np.concatenate([views.board.points()[each.ids] for each in views.detections])
        self._corners = np.concatenate([each.corners for each in views.detections])
        self._loads = np.zeros((views.count, 6))
        if views.joints is None:
            self._recorded = motions_of_poses(views.hands())
            self._hand_noise = np.array([settings.position_noise] * 3 + [settings.angle_noise] * 3)
        else:
            self._recorded = motions_of_joints(views.joints)
            self._hand_noise = np.full(6, settings.joint_noise)
            if settings.compliances:
                self._loads = gravity_loads(views.joints)

    def solve(self, camera: RigidTransform, board: RigidTransform, scale: float = 1.0) -> BundleResult:
        """The best fit near a start."""
        free = self._free
        cameras, boards = [camera] * free.num_cameras, [board] * (free.num_poses - free.num_cameras)
        rest = free.start(scale)
        whiten: list[np.ndarray] = []
        for _ in range(_ROUNDS):
            # What the arm's noise does to the corners is found anew from round to round.
            whiten = self._whitening(cameras, boards, rest)
            evaluate = _Memory(lambda x, c=cameras, b=boards, w=whiten: self._whitened(x, c, b, w))
            found = least_squares(
                lambda x, evaluate=evaluate: evaluate(x)[0],
                np.concatenate([np.zeros(6 * free.num_poses), rest]),
                jac=lambda x, evaluate=evaluate: evaluate(x)[1],  # pyright: ignore[reportArgumentType]
                loss="soft_l1",
                f_scale=_SOFT,
                x_scale="jac",
                xtol=1e-7,
                ftol=1e-7,
                gtol=1e-10,
                max_nfev=_EVALUATIONS,
            )
            cameras, boards = free.moved(found.x, cameras, boards)
            rest = free.rest(found.x)
        return self._result(cameras, boards, rest, whiten)

    def information(self, camera: RigidTransform, board: RigidTransform) -> Float64[np.ndarray, "n p p"]:
        """What each view would tell of the free parameters, near this camera and board."""
        whiten = self._whitening([camera], [board], self._free.start())
        _, jacobian = self._whitened(np.zeros(len(self.names)), [camera], [board], whiten)
        rows = [jacobian[2 * part.start : 2 * part.stop] for part in self._slices]
        return np.array([each.T @ each for each in rows])

    def linear_chi2(self, near: BundleResult) -> float:
        """Sum of squares after one linear step from a fit with fewer poses."""
        free = self._free
        cameras = [near.cameras[0]] * free.num_cameras
        boards = [near.boards[0]] * (free.num_poses - free.num_cameras)
        start = free.of(near)
        whiten = self._whitening(cameras, boards, start)
        rest, jacobian = self._whitened(np.concatenate([np.zeros(6 * free.num_poses), start]), cameras, boards, whiten)
        gradient = jacobian.T @ rest
        return float(rest @ rest - gradient @ np.linalg.lstsq(jacobian.T @ jacobian, gradient, rcond=1e-12)[0])

    def _result(self, cameras: Poses, boards: Poses, vector: np.ndarray, whiten: list[np.ndarray]) -> BundleResult:
        free = self._free
        still = np.concatenate([np.zeros(6 * free.num_poses), vector])
        rest, jacobian = self._whitened(still, cameras, boards, whiten)
        # As the loss does: what lies far off counts less.
        cost = 2.0 * _SOFT**2 * (np.sqrt(1.0 + (rest / _SOFT) ** 2) - 1.0)
        dof = len(rest) - len(self.names)
        chi2 = float(cost.sum())
        drawn = self._corners - self._terms(cameras, boards, vector).pixels
        return BundleResult(
            cameras=tuple(cameras),
            boards=tuple(boards),
            offsets=free.offsets_in(vector),
            compliances=free.compliances_in(vector),
            scale=free.scale_in(vector),
            intrinsics=free.intrinsics_in(vector),
            covariance=np.linalg.pinv(jacobian.T @ jacobian, hermitian=True) * max(chi2 / max(dof, 1), 1.0),
            names=self.names,
            residuals=tuple(drawn[part] for part in self._slices),
            chi2=chi2,
            dof=dof,
            corner_noise=self.noise,
        )

    def _terms(self, cameras: Poses, boards: Poses, rest: np.ndarray) -> CornerTerms:
        return corner_terms(
            self._free.scale_in(rest) * self._points,
            frames(cameras, self._camera_of[self._view_of]),
            frames(boards, self._board_of[self._view_of]),
            self._hands(rest),
            self._view_of,
            self._free.intrinsics_in(rest),
            is_wrist=self._views.mount == "wrist",
        )

    def _hands(self, rest: np.ndarray) -> HandMotions:
        joints = self._views.joints
        if joints is None or not (self._free.offsets or self._free.compliances):
            return self._recorded
        return motions_of_joints(joints + self._free.offsets_in(rest) + self._free.compliances_in(rest) * self._loads)

    def _whitening(self, cameras: Poses, boards: Poses, rest: np.ndarray) -> list[np.ndarray]:
        """For each view a matrix that makes its residuals independent and of variance 1."""
        by_noise = self._terms(cameras, boards, rest).by_motion * self._hand_noise / self.noise
        matrices: list[np.ndarray] = []
        for part in self._slices:
            of_hand = by_noise[part].reshape(-1, 6)
            u, s, _ = np.linalg.svd(of_hand, full_matrices=False)
            shrink = 1.0 / np.sqrt(1.0 + s**2) - 1.0
            matrices.append((np.eye(len(of_hand)) + (u * shrink) @ u.T) / self.noise)
        return matrices

    def _whitened(
        self, x: np.ndarray, cameras: Poses, boards: Poses, whiten: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Residuals and their Jacobian, in standard deviations."""
        free = self._free
        steps, vector = free.steps(x), free.rest(x)
        terms = self._terms(*free.moved(x, cameras, boards), vector)
        off = self._corners - terms.pixels
        jacobian = np.zeros((*off.shape, len(x)))
        for block, step in enumerate(steps):
            number = block if block < free.num_cameras else block - free.num_cameras
            of = self._camera_of if block < free.num_cameras else self._board_of
            derivative = terms.by_camera if block < free.num_cameras else terms.by_board
            is_its = (of == number)[self._view_of]
            columns = derivative[is_its]
            columns[:, :, :3] = columns[:, :, :3] @ right_jacobian(step[:3])
            jacobian[is_its, :, 6 * block : 6 * block + 6] = columns
        loads = self._loads[self._view_of][:, np.newaxis, free.compliances]
        of_rest = [terms.by_motion[:, :, free.offsets], terms.by_motion[:, :, free.compliances] * loads]
        of_rest += [terms.by_scale] * ("scale" in self.names)
        jacobian[:, :, steps.size :] = np.concatenate([*of_rest, terms.by_lens[:, :, free.lens]], axis=2)
        pairs = list(zip(whiten, self._slices, strict=True))
        known = np.zeros(len(x))
        known[steps.size :] = vector
        return (
            np.concatenate([*(w @ off[part].reshape(-1) for w, part in pairs), free.known @ known]),
            np.concatenate([*(-w @ jacobian[part].reshape(-1, len(x)) for w, part in pairs), free.known]),
        )


class _Memory:
    """A function that is asked twice in a row for the same argument."""

    def __init__(self, function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
        self._function, self._x, self._value = function, np.empty(0), (np.empty(0), np.empty(0))

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not np.array_equal(x, self._x):
            self._x, self._value = x.copy(), self._function(x)
        return self._value


# No corner of a printed board is where it should be to less than this [pixel].
_LEAST_NOISE = 0.1
# Standard deviations from which on a residual counts less than its square.
_SOFT = 3.0
_ROUNDS = 2
_EVALUATIONS = 30
