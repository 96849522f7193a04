"""Intrinsics from views of the board, by least squares without outliers, with no more lens than the views show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.board import Board
from calibration.board_pose import board_pose
from calibration.detection import Detection
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import PARAMETERS, Intrinsics

# OpenCV's compiled half has no complete type information.
_CV: Any = cv2
_NO_K3: int = _CV.CALIB_FIX_K3
_NO_K2: int = _NO_K3 | _CV.CALIB_FIX_K2
# From little to much lens: which numbers are free beside focal lengths, centre, and p1 and p2. Those two are free in
# all: they and the centre stand for one another, so to leave them out would only hide how little the centre is known.
MODELS: dict[str, tuple[int, tuple[str, ...]]] = {
    "pinhole": (_NO_K2 | _CV.CALIB_FIX_K1, ()),
    "k1": (_NO_K2, ("k1",)),
    "k1 k2": (_NO_K3, ("k1", "k2")),
    "k1 k2 k3": (0, ("k1", "k2", "k3")),
}
_ALWAYS = ("fx", "fy", "cx", "cy", "p1", "p2")
# Standard deviation of p1 and p2 among lenses.
_DECENTRING = 2e-3
MIN_VIEWS = 6
# Corners further from where they should be than this many standard deviations are left out, and so are whole views
# whose corners lie this many times further off than usual.
_FAR, _FAR_VIEW = 4.0, 3.0
# What corners are off by in the sharpest of pictures [pixel]: steep views by more, and none of them is wrong for it.
_FINEST = 0.1
# Views with fewer good corners are left out.
_LEAST_CORNERS = 6
_ROUNDS = 4
# A number of the lens has to be two standard deviations from nothing: one left out bends the others.
_PENALTY = 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class IntrinsicsFit:
    """What was found.

    Attributes:
        intrinsics: of the camera.
        model: key of `MODELS` that was chosen; p1 and p2 come with each.
        covariance: of `PARAMETERS`; zero where a number was not free.
        noise: standard deviation of a corner along one axis [pixel].
        poses: of the board in the camera's frame, by view; None of a view that was left out.
        residuals: found minus drawn corners, by view [pixel]; NaN of corners that were left out.
        scores: misfit and penalty of every model that was tried; the smallest wins.
        left_out: views that were left out, by number from 0 on, and why.
    """

    intrinsics: Intrinsics
    model: str
    covariance: Float64[np.ndarray, "9 9"]
    noise: float
    poses: tuple[RigidTransform | None, ...]
    residuals: tuple[Float64[np.ndarray, "_ 2"], ...]
    scores: dict[str, float]
    left_out: Mapping[int, str] = field(default_factory=dict[int, str])

    @property
    def view_rms(self) -> list[float]:
        """Of the corners' distances, by view [pixel]; NaN of a view that was left out."""
        squares = [(each[~np.isnan(each[:, 0])] ** 2).sum(axis=1) for each in self.residuals]
        return [float(np.sqrt(each.mean())) if each.size else float("nan") for each in squares]

    @property
    def rms(self) -> float:
        """Of the corners' distances over all views [pixel]."""
        squares = np.concatenate([(each**2).sum(axis=1) for each in self.residuals])
        return float(np.sqrt(np.nanmean(squares)))


def fit_intrinsics(board: Board, views: Sequence[Detection]) -> IntrinsicsFit:
    """The camera's intrinsics from views of one size.

    Raises:
        CalibrationError: too few views, or they do not determine a camera; says what to add.
    """
    if len(views) < MIN_VIEWS:
        raise CalibrationError(f"expected at least {MIN_VIEWS} views of the board, found {len(views)}; take more")
    is_in = [np.ones(len(each.ids), bool) for each in views]
    # Outliers are told with a lens that bends enough; what it takes for noise decides between the simpler ones.
    rich = "k1 k2"
    left_out: dict[int, str] = {}
    for _ in range(_ROUNDS):
        fit = _fit(board, views, is_in, rich)
        better, left_out = _inliers(board, views, fit)
        if sum(each.any() for each in better) < MIN_VIEWS:
            raise CalibrationError(
                f"only {sum(each.any() for each in better)} of {len(views)} views agree on one camera, expected "
                f"{MIN_VIEWS}; is the board flat, and the focus fixed?"
            )
        if all(np.array_equal(a, b) for a, b in zip(is_in, better, strict=True)):
            break
        is_in = better
    fits = {model: _fit(board, views, is_in, model) for model in MODELS}
    scores = {model: _score(each) for model, each in fits.items()}
    best = fits[min(scores, key=lambda model: scores[model])]
    _require_determined(best)
    return IntrinsicsFit(
        **_centred(board, views, is_in, best),
        model=best.model,
        noise=best.noise,
        scores=scores,
        left_out=left_out,
    )


def _centred(
    board: Board, views: Sequence[Detection], is_in: Sequence[np.ndarray], fit: IntrinsicsFit
) -> dict[str, Any]:
    """The fit with p1 and p2 no larger than lenses have them: all numbers move as far as they go with these two."""
    at = [PARAMETERS.index("p1"), PARAMETERS.index("p2")]
    numbers, covariance = fit.intrinsics.vector, fit.covariance
    gain = covariance[:, at] @ np.linalg.inv(covariance[np.ix_(at, at)] + _DECENTRING**2 * np.eye(2))
    intrinsics = fit.intrinsics.with_vector(numbers - gain @ numbers[at])
    poses = [
        None if pose is None else board_pose(board, _only(view, inside), intrinsics).T_camera_board
        for view, inside, pose in zip(views, is_in, fit.poses, strict=True)
    ]
    residuals = [np.full((len(each.ids), 2), np.nan) for each in views]
    for view, inside, pose, rest in zip(views, is_in, poses, residuals, strict=True):
        if pose is not None:
            rest[inside] = _rest(board, view, intrinsics, pose)[inside]
    smaller = covariance - gain @ covariance[at]
    return {
        "intrinsics": intrinsics,
        "covariance": 0.5 * (smaller + smaller.T),
        "poses": tuple(poses),
        "residuals": tuple(residuals),
    }


def _only(view: Detection, inside: np.ndarray) -> Detection:
    return replace(view, ids=view.ids[inside], corners=view.corners[inside])


def _fit(board: Board, views: Sequence[Detection], is_in: Sequence[np.ndarray], model: str) -> IntrinsicsFit:
    points = board.points()
    used = [i for i, each in enumerate(is_in) if each.any()]
    seen = [points[views[i].ids[is_in[i]]].astype(np.float32) for i in used]
    drawn = [views[i].corners[is_in[i]].astype(np.float32) for i in used]
    size = (views[0].width, views[0].height)
    try:
        _, matrix, distortion, turns, shifts = _CV.calibrateCamera(
            seen, drawn, size, None, None, flags=MODELS[model][0]
        )
    except cv2.error as error:
        raise CalibrationError(f"the views do not determine a camera ({error.err}); tilt the board more") from None
    k1, k2, p1, p2, k3 = (float(each) for each in np.ravel(distortion)[:5])
    try:
        intrinsics = Intrinsics(
            width=size[0],
            height=size[1],
            fx=float(matrix[0, 0]),
            fy=float(matrix[1, 1]),
            cx=float(matrix[0, 2]),
            cy=float(matrix[1, 2]),
            distortion=(k1, k2, p1, p2, k3),
        )
    except ValueError:
        raise CalibrationError("the views do not determine a camera; tilt the board more") from None
    poses: list[RigidTransform | None] = [None] * len(views)
    residuals = [np.full((len(each.ids), 2), np.nan) for each in views]
    for i, turn, shift in zip(used, turns, shifts, strict=True):
        pose = RigidTransform.from_components(np.ravel(shift), Rotation.from_rotvec(np.ravel(turn)))
        poses[i] = pose
        residuals[i][is_in[i]] = _rest(board, views[i], intrinsics, pose)[is_in[i]]
    covariance, noise = _covariance(board, views, is_in, intrinsics, poses, residuals, MODELS[model][1])
    return IntrinsicsFit(
        intrinsics=intrinsics,
        model=model,
        covariance=covariance,
        noise=noise,
        poses=tuple(poses),
        residuals=tuple(residuals),
        scores={},
    )


def _covariance(
    board: Board,
    views: Sequence[Detection],
    is_in: Sequence[np.ndarray],
    intrinsics: Intrinsics,
    poses: Sequence[RigidTransform | None],
    residuals: Sequence[np.ndarray],
    lens: tuple[str, ...],
) -> tuple[Float64[np.ndarray, "9 9"], float]:
    """Of the free numbers, the poses being unknown, too; and the noise [pixel]."""
    free = np.array([name in (*_ALWAYS, *lens) for name in PARAMETERS])
    information = np.zeros((int(free.sum()),) * 2)
    squares, count = 0.0, -int(free.sum())
    for view, inside, pose, rest in zip(views, is_in, poses, residuals, strict=True):
        if pose is None:
            continue
        seen = pose.apply(board.points()[view.ids[inside]])
        _, by_point, by_number = intrinsics.project_with_jacobians(seen)
        # A turn about the camera's origin and a shift.
        by_turn = np.stack([np.cross(axis, seen) for axis in np.eye(3)], axis=2)
        by_pose = np.concatenate([by_point @ by_turn, by_point], axis=2).reshape(-1, 6)
        by_free = by_number[:, :, free].reshape(-1, free.sum())
        left = by_free - by_pose @ np.linalg.lstsq(by_pose, by_free, rcond=None)[0]
        information += left.T @ left
        squares += float(np.nansum(rest**2))
        count += 2 * int(inside.sum()) - 6
    noise = float(np.sqrt(squares / max(count, 1)))
    covariance = np.zeros((len(PARAMETERS),) * 2)
    covariance[np.ix_(free, free)] = noise**2 * np.linalg.pinv(information, hermitian=True)
    return covariance, noise


def _inliers(board: Board, views: Sequence[Detection], fit: IntrinsicsFit) -> tuple[list[np.ndarray], dict[int, str]]:
    """Which corners lie near where the fit draws them, those that it was made without, too; and why views do not."""
    distances = [
        np.linalg.norm(_rest(board, view, fit.intrinsics, pose), axis=1)
        for view, pose in zip(views, fit.poses, strict=True)
    ]
    used = np.concatenate([np.linalg.norm(each, axis=1) for each in fit.residuals])
    # Of a length with two normal components the median is 1.1774 standard deviations.
    sigma = float(np.nanmedian(used)) / 1.1774
    medians = [float(np.median(each)) for each in distances]
    usual = float(np.median(medians))
    kept: list[np.ndarray] = []
    left_out: dict[int, str] = {}
    for number, (view, each, median) in enumerate(zip(views, distances, medians, strict=True)):
        is_near = each <= _FAR * max(sigma, _FINEST)
        if np.isinf(median):
            left_out[number] = "no pose of the board draws its corners"
        elif not median <= _FAR_VIEW * max(usual, _FINEST):
            left_out[number] = f"half of its corners are {median:.2f} pixels off or more, in the usual view {usual:.2f}"
        elif is_near.sum() < _LEAST_CORNERS:
            left_out[number] = f"{is_near.sum()} good corners, expected {_LEAST_CORNERS} or more"
        elif not _span_a_plane(board.points()[view.ids[is_near], :2]):
            left_out[number] = "its good corners lie along one line of the board"
        kept.append(np.zeros(len(each), bool) if number in left_out else is_near)
    return kept, left_out


def _span_a_plane(points: Float64[np.ndarray, "n 2"]) -> bool:
    """Whether they determine a plane's picture: two or more beside any row or column."""
    lines = [np.unique(np.round(each, 6), return_counts=True)[1] for each in points.T]
    return all(len(points) - each.max(initial=0) >= 2 for each in lines)


def _rest(
    board: Board, view: Detection, intrinsics: Intrinsics, pose: RigidTransform | None
) -> Float64[np.ndarray, "n 2"]:
    """Found minus drawn corners of one view; infinite where no pose of the board draws it."""
    if pose is None:  # a view that was left out may fit once others are
        try:
            pose = board_pose(board, view, intrinsics).T_camera_board
        except CalibrationError:
            return np.full((len(view.ids), 2), np.inf)
    return view.corners - intrinsics.project(pose.apply(board.points()[view.ids]))


def _score(fit: IntrinsicsFit) -> float:
    rest = np.concatenate([each.ravel() for each in fit.residuals])
    rest = rest[~np.isnan(rest)]
    num_free = len(_ALWAYS) + len(MODELS[fit.model][1])
    return float(rest.size * np.log((rest**2).mean()) + _PENALTY * num_free)


def _require_determined(fit: IntrinsicsFit) -> None:
    sigma = np.sqrt(np.diag(fit.covariance))
    focal = max(sigma[0] / fit.intrinsics.fx, sigma[1] / fit.intrinsics.fy)
    if not focal < 0.02:
        raise CalibrationError(
            f"the focal length is known to {100 * focal:.1f} % only, expected 2 % or better; "
            "show the board tilted by 20 to 45 degrees, about both of its axes, near and far"
        )
