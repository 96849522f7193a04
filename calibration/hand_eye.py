"""Where a camera is: on the hand, or on a stand beside the arm."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.spatial.transform import RigidTransform

from calibration.board_pose import BoardPose
from calibration.bundle import Bundle
from calibration.bundle_result import BundleResult
from calibration.bundle_settings import OBSERVABLE, BundleSettings
from calibration.closed_form import SOLVERS, Poses, board_scale
from calibration.corner_outliers import board_poses, without_outliers
from calibration.gravity import gravity_loads
from calibration.hand_eye_views import HandEyeViews
from clam_robot.errors import CalibrationError

MIN_VIEWS = 8
_NUM_FOLDS = 5


class HandEyeProblem:
    """Views of one camera, made ready to be fitted in several ways.

    Args:
        views: as they were taken.
        settings: what is known beforehand.
        poses: of the board in each view, where they are known already.

    Raises:
        CalibrationError: too few views, or no pose of the board fits one.
    """

    def __init__(
        self, views: HandEyeViews, settings: BundleSettings, poses: tuple[BoardPose, ...] | None = None
    ) -> None:
        self.poses = tuple(board_poses(views)) if poses is None else poses
        self.noise = float(np.median([each.noise for each in self.poses]))
        self.views, self.settings = views, settings
        hands = views.hands()
        self._A: Poses = hands if views.mount == "wrist" else np.linalg.inv(hands)
        self._B: Poses = np.array([each.T_camera_board.as_matrix() for each in self.poses])

    def closed_forms(self) -> dict[str, RigidTransform | None]:
        """Of all solvers."""
        return {name: self._closed_form(name) for name in SOLVERS}

    def rough_disagreement(self) -> float:
        """How far the board is from where it is in other views, for a camera in closed form [m]."""
        camera = self._closed_form("Park")
        return np.inf if camera is None else self._disagreement(camera, 1.0)

    def fit(self, settings: BundleSettings | None = None, start: BundleResult | None = None) -> BundleResult:
        """The refinement.

        Args:
            settings: what is free; as given to the constructor by default.
            start: from there; from the best closed form by default.

        Raises:
            CalibrationError: no closed-form solver gives a start.
        """
        settings = settings or self.settings
        bundle = Bundle(self.views, settings, self.noise)
        if start is not None:
            return bundle.solve(start.cameras[0], start.boards[0], start.scale)
        scale = 1.0
        if settings.is_scale_free:
            matrix, scale = board_scale(self._A, self._B)
            scale = scale if 0.2 < scale < 5.0 else 1.0
            starts = [RigidTransform.from_matrix(matrix)]
        else:
            starts = [each for each in self.closed_forms().values() if each is not None]
        if not starts:
            raise CalibrationError("no closed-form solver finds a camera; turn the hand more, about two axes at least")
        camera = min(starts, key=lambda each: self._disagreement(each, scale))
        return bundle.solve(camera, self._board(camera, scale), scale)

    def _closed_form(self, name: str) -> RigidTransform | None:
        try:
            matrix = SOLVERS[name](self._A, self._B)
        except (np.linalg.LinAlgError, ValueError, IndexError):  # no motion that turns, no real root
            return None
        is_pose = bool(np.isfinite(matrix).all()) and float(np.abs(matrix[:3, 3]).max()) < _FURTHEST
        return RigidTransform.from_matrix(matrix) if is_pose else None

    def _boards(self, camera: RigidTransform, scale: float) -> Poses:
        seen = self._B.copy()
        seen[:, :3, 3] *= scale
        return self._A @ camera.as_matrix() @ seen

    def _board(self, camera: RigidTransform, scale: float) -> RigidTransform:
        boards = RigidTransform.from_matrix(self._boards(camera, scale))
        return RigidTransform.from_components(np.median(boards.translation, axis=0), boards.rotation.mean())

    def _disagreement(self, camera: RigidTransform, scale: float) -> float:
        """How far the board is from where it is in other views, by the median [m]."""
        mean, boards = self._board(camera, scale), RigidTransform.from_matrix(self._boards(camera, scale))
        apart = np.linalg.norm(boards.translation - mean.translation, axis=1)
        turned = (boards.rotation * mean.rotation.inv()).magnitude()
        return float(np.median(apart + _METRES_PER_RADIAN * turned))

    def errors(self, result: BundleResult, views: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """How far the board is from where it was seen: its middle [m], its orientation [rad], by view."""
        camera, board = result.cameras[0], result.boards[0]
        hands = self._hands(result)
        middle = np.append(0.5 * np.array(self.views.board.size), 0.0)
        distances, angles = [], []
        for i in views:
            hand = RigidTransform.from_matrix(hands[i])
            inner = hand.inv() if self.views.mount == "wrist" else hand
            drawn, seen = camera.inv() * inner * board, self.poses[i].T_camera_board
            distances.append(float(np.linalg.norm(drawn.apply(middle) - seen.apply(middle))))
            angles.append(float((drawn.rotation * seen.rotation.inv()).magnitude()))
        return np.array(distances), np.array(angles)

    def _hands(self, result: BundleResult) -> Poses:
        joints = self.views.joints
        if joints is None:
            return self.views.hands()
        bent = result.compliances * gravity_loads(joints) if result.compliances.any() else 0.0
        return replace(self.views, joints=joints + result.offsets + bent).hands()


@dataclass(frozen=True, kw_only=True, eq=False)
class HandEyeFit:
    """What was found.

    Attributes:
        result: of the refinement.
        solvers: poses of the camera in closed form; None where a solver failed.
        poses: of the board in each view, for itself.
        views: without outliers.
        settings: what was free.
    """

    result: BundleResult
    solvers: Mapping[str, RigidTransform | None]
    poses: tuple[BoardPose, ...]
    views: HandEyeViews
    settings: BundleSettings

    @property
    def camera(self) -> RigidTransform:
        """Pose of the camera in the tool's frame (on the wrist) or the base's (on a stand)."""
        return self.result.cameras[0]

    @property
    def board(self) -> RigidTransform:
        """Pose of the board in the base's frame (camera on the wrist) or the tool's (on a stand)."""
        return self.result.boards[0]

    @property
    def held_out_position(self) -> float:
        """Root mean square error of the board's position in views that were left out [m]."""
        return self._held_out[0]

    @property
    def held_out_angle(self) -> float:
        """Of its orientation [rad]."""
        return self._held_out[1]

    @cached_property  # five fits more, which nobody asks of a fit that is wrong
    def _held_out(self) -> tuple[float, float]:
        return _held_out(HandEyeProblem(self.views, self.settings, self.poses), self.result)


def fit_hand_eye(views: HandEyeViews, settings: BundleSettings | None = None) -> HandEyeFit:
    """The camera's place, refined; says nothing of mistakes, which `calibration.diagnosis` looks for.

    Args:
        views: of one camera.
        settings: what is free; joint offsets by default where there are joints.

    Raises:
        CalibrationError: too few views, or none that determine it.
    """
    if views.count < MIN_VIEWS:
        raise CalibrationError(f"expected at least {MIN_VIEWS} views of the board, found {views.count}; take more")
    settings = settings or BundleSettings(offsets=OBSERVABLE if views.joints is not None else ())
    poses = tuple(board_poses(views))
    problem = HandEyeProblem(without_outliers(views, poses), settings, poses)
    return HandEyeFit(
        result=problem.fit(),
        solvers=problem.closed_forms(),
        poses=poses,
        views=problem.views,
        settings=settings,
    )


def solver_distance(found: RigidTransform, camera: RigidTransform) -> float:
    """Between two places of a camera [m]."""
    return float(np.linalg.norm(found.translation - camera.translation))


def solver_angle(found: RigidTransform, camera: RigidTransform) -> float:
    """Between two orientations of a camera [rad]."""
    return float((found.rotation * camera.rotation.inv()).magnitude())


def board_scale_of(fit: HandEyeFit, settings: BundleSettings) -> tuple[float, float]:
    """The board's size by the arm's motion against what it should be, and its standard deviation."""
    problem = HandEyeProblem(fit.views, settings, fit.poses)
    result = problem.fit(replace(settings, is_scale_free=True), start=fit.result)
    return result.scale, result.sigma("scale")


def _held_out(problem: HandEyeProblem, result: BundleResult) -> tuple[float, float]:
    distances, angles = [], []
    count = problem.views.count
    for fold in range(_NUM_FOLDS):
        out = list(range(fold, count, _NUM_FOLDS))
        kept = [i for i in range(count) if i not in out]
        part = HandEyeProblem(problem.views.only(kept), problem.settings, tuple(problem.poses[i] for i in kept))
        far, turned = problem.errors(part.fit(start=result), out)
        distances.append(far)
        angles.append(turned)
    rms = [float(np.sqrt((np.concatenate(each) ** 2).mean())) for each in (distances, angles)]
    return rms[0], rms[1]


# No camera is further from hand or base than this [m].
_FURTHEST = 5.0
# What a turn counts beside a shift [m/rad].
_METRES_PER_RADIAN = 0.3
