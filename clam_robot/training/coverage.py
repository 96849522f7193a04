"""Is this play enough to ground an action decoder where the demonstrations go?

A stand-in decodes for a trained one: a linear map of what inverse dynamics sees, mended by what it missed at the
nearest known windows; its errors come close to those of trained decoders. Play is cut in two, one half decodes the
other, and how the error grows with the distance to the nearest known window is read off. The distances of the
demonstrations' windows then tell the error to expect there, before anything is trained.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from clam_robot import config
from clam_robot.errors import NoLabels
from clam_robot.models.features import PREVIOUS
from clam_robot.models.window_layout import Sees
from clam_robot.specs import RobotSpec
from clam_robot.training.linear_probe import linear_map
from clam_robot.training.transitions import Transitions

_NEIGHBOURS = 5
_BINS = 10
_CHUNK = 1024
# A window is far from play beyond this share of how far the demonstrations' windows spread.
_FAR = 0.5
# Beyond this quantile of the distances at which errors were measured, nothing is known of the error.
_MEASURED = 0.99


@dataclass(frozen=True, kw_only=True)
class Coverage(config.Strict):
    """What play covers.

    Attributes:
        names: entries of the action.
        num_steps: labelled steps of play.
        histograms: by action entry, share of labelled steps in ten equal bins of [-1, 1].
        variance: (A,) of play's actions in [-1, 1]: the error of a decoder that always guesses the same.
        gripper: name of the action entry that commands the gripper; None without one.
        gripper_changes: how often its command changes side in labelled play; None without a gripper.
        closed_share: labelled steps with the gripper commanded closed; None without a gripper.
        workspace: by point of the state, share of the demonstrations' cells of 5 cm that play has visited.
        own_points: those of them that are the robot's own.
        far_share: demonstrations' windows farther from play than half the spread of the demonstrations' windows.
        unknown_share: demonstrations' windows farther from play than 99 % of the distances at which errors were
            measured; what is expected of them is but that of the farthest measured.
        play_error: (A,) mean squared error of the stand-in decoder on play, actions in [-1, 1].
        expected_error: (A,) the same to expect on the demonstrations.
    """

    names: tuple[str, ...]
    num_steps: int
    histograms: dict[str, tuple[float, ...]]
    variance: tuple[float, ...]
    gripper: str | None
    gripper_changes: int | None
    closed_share: float | None
    workspace: dict[str, float]
    own_points: tuple[str, ...]
    far_share: float
    unknown_share: float
    play_error: tuple[float, ...]
    expected_error: tuple[float, ...]

    @property
    def share_of_guessing(self) -> tuple[float, ...]:
        """(A,) expected error as a share of that of guessing: 0 is none, 1 is as bad.

        An entry that hardly varies is measured by the average one: its errors move the arm no farther.
        """
        average = float(np.mean(self.variance))
        return tuple(
            error / max(variance, average, 1e-9)
            for error, variance in zip(self.expected_error, self.variance, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class States:
    """Present states, (N, S) each."""

    play: np.ndarray
    demonstrations: np.ndarray


def measure_coverage(
    spec: RobotSpec, play: Transitions, demonstrations: Transitions, states: States, *, sees: Sees = "motion"
) -> Coverage:
    """Compare play with demonstrations.

    Args:
        spec: of the robot.
        play: labelled, with the features of both.
        demonstrations: whose actions are not read.
        states: present states of play and of demonstrations, in the same order as their transitions.
        sees: what inverse dynamics looks at; windows are compared by it.

    Raises:
        NoLabels: there is but one stretch of labelled play, which cannot be cut in two.
    """
    decoding = decode_half(play, sees)
    labeled = play.labeled()
    windows = play.layout.seen(demonstrations.context, sees)
    distance, _ = neighbours(windows, play.layout.seen(play.context[labeled], sees))
    changes, closed = _gripper_use(spec, play)
    points = {name: where for name, where in spec.state.points.items() if not name.startswith(PREVIOUS)}
    own = set(play.layout.own or range(len(spec.state)))
    return Coverage(
        names=spec.action.names,
        num_steps=len(labeled),
        histograms=_histograms(spec, play),
        variance=tuple(play.action[labeled].var(0, correction=0).tolist()),
        gripper=None if spec.gripper is None else spec.gripper.action,
        gripper_changes=changes,
        closed_share=closed,
        workspace={
            name: visited_share(states.play[:, where], states.demonstrations[:, where])
            for name, where in points.items()
        },
        own_points=tuple(name for name, where in points.items() if where.start in own),
        far_share=float((distance > _FAR * _spread(windows)).float().mean()),
        unknown_share=float((distance > torch.quantile(decoding.distance, _MEASURED)).float().mean()),
        play_error=tuple(decoding.error.mean(0).tolist()),
        expected_error=tuple(expected_error(decoding, distance).tolist()),
    )


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """Errors of the stand-in decoder and the distances they were made at.

    Attributes:
        distance: (N,) to the nearest window that it knows.
        error: (N, A) squared.
    """

    distance: Float[Tensor, "N"]
    error: Float[Tensor, "N A"]


def decode_half(play: Transitions, sees: Sees) -> Decoding:
    """Decode every second stretch of play with the others.

    Raises:
        NoLabels: there is but one.
    """
    labeled = play.labeled()
    stretch = torch.unique(play.last[labeled], return_inverse=True)[1]
    is_known = stretch % 2 == 0
    if bool(is_known.all()):
        raise NoLabels(
            "coverage decodes one half of play with the other: expected at least 2 labelled play episodes, found 1; "
            "record more, or raise --num-labeled"
        )
    windows, action = play.layout.seen(play.context[labeled], sees), play.action[labeled]
    decode = linear_map(windows[is_known], action[is_known])
    decoded = decode(windows).float()
    distance, nearest = neighbours(windows[~is_known], windows[is_known])
    missed = (action - decoded)[is_known][nearest].mean(1)
    mended = (decoded[~is_known] + missed).clamp(-1, 1)
    return Decoding(distance=distance, error=(mended - action[~is_known]).square())


def neighbours(windows: Float[Tensor, "N C"], known: Float[Tensor, "M C"]) -> tuple[Float[Tensor, "N"], Tensor]:
    """Distance to the nearest known window, and the indices of the nearest few."""
    distances: list[Tensor] = []
    indices: list[Tensor] = []
    for chunk in windows.split(_CHUNK):
        found = torch.cdist(chunk, known).topk(min(_NEIGHBOURS, len(known)), largest=False)
        distances.append(found.values[:, 0])
        indices.append(found.indices)
    return torch.cat(distances), torch.cat(indices)


def expected_error(decoding: Decoding, distance: Float[Tensor, "N"]) -> Float[Tensor, "A"]:
    """Mean error at these distances, by tenths of the distances at which errors are known.

    Beyond them it is that of the farthest tenth, which may be too little; see `Coverage.unknown_share`.
    """
    order = decoding.distance.argsort()
    tenths = torch.tensor_split(order, min(_BINS, len(order)))
    ends = torch.stack([decoding.distance[tenth[-1]] for tenth in tenths])
    by_tenth = torch.stack([decoding.error[tenth].mean(0) for tenth in tenths])
    return by_tenth[torch.bucketize(distance, ends[:-1])].mean(0)


def visited_share(
    play: Float[np.ndarray, "N 3"], demonstrations: Float[np.ndarray, "M 3"], cell: float = 0.05
) -> float:
    """Share of the cells that demonstrations pass in which play has been, too."""
    cells = [set(map(tuple, np.floor(points / cell).astype(int).tolist())) for points in (play, demonstrations)]
    return len(cells[0] & cells[1]) / len(cells[1]) if cells[1] else 1.0


def _spread(windows: Float[Tensor, "N C"]) -> float:
    return float((windows - windows.mean(0)).square().sum(1).mean().sqrt())


def _histograms(spec: RobotSpec, play: Transitions) -> dict[str, tuple[float, ...]]:
    action = play.action[play.labeled()].cpu().numpy()
    return {
        name: tuple((np.histogram(action[:, i], bins=_BINS, range=(-1.0, 1.0))[0] / len(action)).tolist())
        for i, name in enumerate(spec.action.names)
    }


def _gripper_use(spec: RobotSpec, play: Transitions) -> tuple[int | None, float | None]:
    if spec.gripper is None:
        return None, None
    labeled = play.labeled()
    low, high = (bounds[spec.action.index(spec.gripper.action)] for bounds in (spec.action.low, spec.action.high))
    threshold = 2 * (spec.gripper.threshold - low) / (high - low) - 1
    above = play.action[labeled, spec.action.index(spec.gripper.action)] > threshold
    is_closed = above if spec.gripper.closes == "above" else ~above
    same_stretch = play.last[labeled][1:] == play.last[labeled][:-1]
    changes = (is_closed[1:] != is_closed[:-1]) & same_stretch
    return int(changes.sum()), float(is_closed.float().mean())
