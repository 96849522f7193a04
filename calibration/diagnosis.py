"""Names what is wrong with a hand-eye calibration, or finds nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from calibration.bundle import Bundle
from calibration.bundle_result import BundleResult
from calibration.bundle_settings import BundleSettings
from calibration.hand_eye import MIN_VIEWS, HandEyeFit, HandEyeProblem, fit_hand_eye
from calibration.hand_eye_views import HandEyeViews
from calibration.mistakes import Hypothesis, Mistake, hypotheses
from calibration.rotation_spread import rotation_spread
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import Intrinsics


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong.

    Attributes:
        mistake: what it is.
        message: what was seen, and what to do.
    """

    mistake: Mistake
    message: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """What came of the views.

    Attributes:
        fit: None where there can be none.
        findings: what is wrong, most likely first; empty where all is well.
    """

    fit: HandEyeFit | None
    findings: tuple[Finding, ...]


def diagnose(
    views: HandEyeViews, settings: BundleSettings, others: Mapping[str, Intrinsics] | None = None
) -> Diagnosis:
    """Fit, and look for mistakes.

    Args:
        views: of one camera.
        settings: what is free.
        others: intrinsics of the robot's other cameras, by name.
    """
    if found := _before(views):
        return Diagnosis(fit=None, findings=(found,))
    try:
        fit = fit_hand_eye(views, settings)
    except CalibrationError as error:
        finding = _explained(views, settings, others or {}, None)
        return Diagnosis(fit=None, findings=(finding or Finding(mistake=Mistake.INCONSISTENT, message=str(error)),))
    is_well = fit.result.misfit < _WELL and fit.result.is_plausible
    if is_well:
        found = _best(_partial(fit, settings), fit)
        return Diagnosis(fit=fit, findings=_vague(fit) if found is None else (found,))
    found = _explained(views, settings, others or {}, fit) or _inconsistent(fit)
    return Diagnosis(fit=fit, findings=(found,))


def _before(views: HandEyeViews) -> Finding | None:
    """What can be told without a fit."""
    if views.count < MIN_VIEWS:
        return Finding(
            mistake=Mistake.TOO_FEW_VIEWS,
            message=f"{views.count} views show the board, expected {MIN_VIEWS} or more; take 20 to 30",
        )
    hands = views.hands()
    problem = rotation_spread(hands).problem
    if problem is not None:
        return Finding(mistake=Mistake.DEGENERATE, message=problem)
    common = set(views.detections[0].ids).intersection(*(each.ids for each in views.detections[1:]))
    if len(common) >= _FEW:
        corners = np.array([each.corners[np.isin(each.ids, list(common))] for each in views.detections])
        if float(np.linalg.norm(corners.std(axis=0), axis=1).max()) < _STILL:
            where = "on the stand" if views.mount == "wrist" else "on the wrist"
            return Finding(
                mistake=Mistake.BOARD_STILL,
                message="the board stays where it is in the pictures while the hand moves: are these the pictures of "
                f"the camera {where}, that is, are the cameras swapped, or is the board where it should not be?",
            )
    return None


def _explained(
    views: HandEyeViews, settings: BundleSettings, others: Mapping[str, Intrinsics], fit: HandEyeFit | None
) -> Finding | None:
    """The one mistake without which the views agree."""
    tried: list[_Explanation] = []
    candidates: list[tuple[float, Hypothesis, HandEyeProblem]] = []
    for hypothesis in hypotheses(views, settings, others):
        # The board looks the same whatever the arm says.
        is_same_camera = fit is not None and hypothesis.views.intrinsics is views.intrinsics
        try:
            problem = HandEyeProblem(
                hypothesis.views, settings, fit.poses if fit is not None and is_same_camera else None
            )
        except CalibrationError:
            continue
        candidates.append((problem.rough_disagreement(), hypothesis, problem))
    for _, hypothesis, problem in sorted(candidates, key=lambda each: each[0])[:_BEST]:
        if (result := _try(problem)) is not None and result.is_plausible:
            finding = Finding(mistake=hypothesis.mistake, message=hypothesis.message)
            tried.append(_Explanation(misfit=result.misfit, chi2=result.chi2, finding=finding))
            if result.misfit < _NOISE_ONLY:
                break
    if fit is not None and not any(each.misfit < _NOISE_ONLY for each in tried):
        tried += _partial(fit, settings)
    return _best(tried, fit)


@dataclass(frozen=True, kw_only=True)
class _Explanation:
    misfit: float
    chi2: float
    finding: Finding


def _partial(fit: HandEyeFit, settings: BundleSettings) -> list[_Explanation]:
    """Mistakes that a fit with one thing more finds."""
    problem = HandEyeProblem(fit.views, settings, fit.poses)
    # Where nothing fits, the fit is no start.
    start = fit.result if fit.result.misfit < _EXPLAINED else None
    found = (_scaled(problem, start), _split(problem, fit.result))
    return [each for each in found if each is not None]


def _best(tried: list[_Explanation], fit: HandEyeFit | None) -> Finding | None:
    """The explanation after which least is left, if it is worth a mistake."""
    before = np.inf if fit is None or not fit.result.is_plausible else fit.result.chi2
    good = [each for each in tried if each.misfit < _EXPLAINED and before - each.chi2 > _GAIN * max(each.misfit, 1.0)]
    return min(good, key=lambda each: each.chi2).finding if good else None


def _try(problem: HandEyeProblem) -> BundleResult | None:
    try:
        return problem.fit()
    except (CalibrationError, np.linalg.LinAlgError, ValueError):
        return None


def _scaled(problem: HandEyeProblem, before: BundleResult | None) -> _Explanation | None:
    """Whether the board is larger or smaller than it should be."""
    # Focal lengths that are free would take part of the scale.
    settings = replace(problem.settings, is_scale_free=True)
    try:
        result = problem.fit(settings, start=before)
    except (CalibrationError, np.linalg.LinAlgError):
        return None
    off, sigma = abs(np.log(result.scale)), result.sigma("scale")
    if off < _SCALE_SIGMAS * sigma or off < _LEAST_SCALE:
        return None
    square = problem.views.board.square
    message = (
        f"the arm's motion says that the board is {100 * (result.scale - 1):+.1f} % (± {100 * sigma:.1f}) off: squares "
        f"of {1000 * square * result.scale:.2f} mm, not {1000 * square:g} mm; measure the print"
    )
    finding = Finding(mistake=Mistake.BOARD_SIZE, message=message)
    return _Explanation(misfit=result.misfit, chi2=result.chi2, finding=finding)


def _split(problem: HandEyeProblem, before: BundleResult) -> _Explanation | None:
    """The best fit in which camera or board have another pose from some view on."""
    count = problem.views.count
    best: tuple[float, int, bool] | None = None
    bundle_settings = problem.settings
    for is_camera in (False, True):
        for first in range(_LEAST_PART, count - _LEAST_PART + 1):
            chi2 = _linear_chi2(problem, before, first, is_camera)
            if best is None or chi2 < best[0]:
                best = (chi2, first, is_camera)
    if best is None:
        return None
    results: list[tuple[BundleResult, int, bool]] = []
    for is_camera in (False, True):
        for first in {best[1] - 1, best[1], best[1] + 1}:
            if _LEAST_PART <= first <= count - _LEAST_PART:
                number = (np.arange(count) >= first).astype(np.int64)
                settings = replace(
                    bundle_settings,
                    camera_of=number if is_camera else None,
                    board_of=None if is_camera else number,
                )
                results.append((problem.fit(settings, start=before), first, is_camera))
    result, first, is_camera = min(results, key=lambda each: each[0].chi2)
    poses = result.cameras if is_camera else result.boards
    shift = float(np.linalg.norm(poses[1].translation - poses[0].translation))
    turn = float((poses[1].rotation * poses[0].rotation.inv()).magnitude())
    if shift < _LEAST_SHIFT and turn < _LEAST_TURN:
        return None
    is_wrist = problem.views.mount == "wrist"
    is_base_side = is_camera != is_wrist
    thing = {
        (True, True): "the camera on the wrist",
        (True, False): "the board on the table, or the arm's base,",
        (False, True): "the stand, or the arm's base,",
        (False, False): "the board in the gripper",
    }[(is_wrist, is_camera)]
    message = (
        f"{thing} moved by {1000 * shift:.1f} mm and {np.degrees(turn):.2f} degrees before view {first + 1} of "
        f"{count}; fix it and take all views anew"
    )
    mistake = Mistake.BASE_SIDE_MOVED if is_base_side else Mistake.HAND_SIDE_MOVED
    return _Explanation(misfit=result.misfit, chi2=result.chi2, finding=Finding(mistake=mistake, message=message))


def _linear_chi2(problem: HandEyeProblem, before: BundleResult, first: int, is_camera: bool) -> float:
    """Sum of squares after one linear step with another pose from view `first` on."""
    number = (np.arange(problem.views.count) >= first).astype(np.int64)
    settings = replace(
        problem.settings, camera_of=number if is_camera else None, board_of=None if is_camera else number
    )
    return Bundle(problem.views, settings, problem.noise).linear_chi2(before)


def _vague(fit: HandEyeFit) -> tuple[Finding, ...]:
    result = fit.result
    doubts = {name: result.sigma(name) for name in ("camera x", "camera y", "camera z")}
    name = max(doubts, key=lambda each: doubts[each])
    if doubts[name] < _VAGUE:
        return ()
    message = (
        f"the camera's {name[-1]} is known to ± {1000 * doubts[name]:.1f} mm only; turn the hand more, about more "
        "axes, and bring the board nearer"
    )
    return (Finding(mistake=Mistake.POORLY_KNOWN, message=message),)


def _inconsistent(fit: HandEyeFit) -> Finding:
    worst = np.argsort(fit.result.view_rms)[::-1][:3] + 1
    message = (
        f"corners are off by {fit.result.rms:.1f} pixels, {np.sqrt(fit.result.misfit):.1f} times what noise explains, "
        f"and no single mistake explains it; the worst views are {', '.join(str(each) for each in worst)}"
    )
    return Finding(mistake=Mistake.INCONSISTENT, message=message)


# chi2 per degree of freedom up to which views agree, and up to which a mistake put right explains them.
_WELL, _EXPLAINED = 1.8, 4.0
# After which nothing is left to be explained.
_NOISE_ONLY = 1.2
_GAIN = 60.0
_BEST = 4
# Corners of a board that stands still in the pictures vary less than this [pixel].
_FEW, _STILL = 4, 3.0
_SCALE_SIGMAS, _LEAST_SCALE = 4.0, 0.004
_LEAST_PART = 4
_LEAST_SHIFT, _LEAST_TURN = 1.5e-3, 3e-3
_VAGUE = 3e-3
