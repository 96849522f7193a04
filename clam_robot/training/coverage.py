"""Is this play enough to ground an action decoder where the demonstrations go?

A nearest-neighbour decoder stands in for a trained one: play is cut in two, one half decodes the other, and how its
error grows with the distance to the nearest known window is read off. The distances of the demonstrations' windows then
tell the error to expect there, before anything is trained.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from clam_robot import config
from clam_robot.models.features import PREVIOUS
from clam_robot.specs import RobotSpec
from clam_robot.training.transitions import Transitions

_NEIGHBOURS = 5
_BINS = 10
_CHUNK = 1024


@dataclass(frozen=True, kw_only=True)
class Coverage(config.Strict):
    """What play covers.

    Attributes:
        names: entries of the action.
        histograms: by action entry, share of labelled steps in ten equal bins of [-1, 1].
        gripper_transitions: changes of side of the gripper's command in 100 steps; None without a gripper.
        closed_share: labelled steps with the gripper commanded closed; None without a gripper.
        workspace: by point of the state, share of the demonstrations' cells of 5 cm that play has visited.
        far_share: demonstrations' windows farther from play than 95 % of play is from itself.
        play_error: (A,) mean squared error of the stand-in decoder on play, actions in [-1, 1].
        expected_error: (A,) the same to expect on the demonstrations.
    """

    names: tuple[str, ...]
    histograms: dict[str, tuple[float, ...]]
    gripper_transitions: float | None
    closed_share: float | None
    workspace: dict[str, float]
    far_share: float
    play_error: tuple[float, ...]
    expected_error: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class States:
    """Present states, (N, S) each."""

    play: np.ndarray
    demonstrations: np.ndarray


def measure_coverage(spec: RobotSpec, play: Transitions, demonstrations: Transitions, states: States) -> Coverage:
    """Compare play with demonstrations.

    Args:
        spec: of the robot.
        play: labelled, with the features of both.
        demonstrations: whose actions are not read.
        states: present states of play and of demonstrations, in the same order as their transitions.
    """
    decoding = decode_half(play)
    distance, _ = neighbours(demonstrations.context, play.context[play.labeled()])
    transitions, closed = _gripper_use(spec, play)
    return Coverage(
        names=spec.action.names,
        histograms=_histograms(spec, play),
        gripper_transitions=transitions,
        closed_share=closed,
        workspace={
            name: visited_share(states.play[:, where], states.demonstrations[:, where])
            for name, where in spec.state.points.items()
            if not name.startswith(PREVIOUS)
        },
        far_share=float((distance > torch.quantile(decoding.distance, 0.95)).float().mean()),
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


def decode_half(play: Transitions) -> Decoding:
    """Decode every second stretch of play with the others."""
    labeled = play.labeled()
    stretch = torch.unique(play.last[labeled], return_inverse=True)[1]
    is_known = stretch % 2 == 0
    known, asked = labeled[is_known], labeled[~is_known]
    distance, nearest = neighbours(play.context[asked], play.context[known])
    decoded = play.action[known][nearest].mean(1)
    return Decoding(distance=distance, error=(decoded - play.action[asked]).square())


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
    """Mean error at these distances, by tenths of the distances at which errors are known."""
    edges = torch.quantile(decoding.distance, torch.linspace(0, 1, _BINS + 1)[1:-1])
    known, asked = torch.bucketize(decoding.distance, edges), torch.bucketize(distance, edges)
    by_bin = torch.stack([decoding.error[known == k].mean(0) for k in range(_BINS)])
    return by_bin[asked].mean(0)


def visited_share(
    play: Float[np.ndarray, "N 3"], demonstrations: Float[np.ndarray, "M 3"], cell: float = 0.05
) -> float:
    """Share of the cells that demonstrations pass in which play has been, too."""
    cells = [set(map(tuple, np.floor(points / cell).astype(int).tolist())) for points in (play, demonstrations)]
    return len(cells[0] & cells[1]) / len(cells[1]) if cells[1] else 1.0


def _histograms(spec: RobotSpec, play: Transitions) -> dict[str, tuple[float, ...]]:
    action = play.action[play.labeled()].cpu().numpy()
    return {
        name: tuple((np.histogram(action[:, i], bins=_BINS, range=(-1.0, 1.0))[0] / len(action)).tolist())
        for i, name in enumerate(spec.action.names)
    }


def _gripper_use(spec: RobotSpec, play: Transitions) -> tuple[float | None, float | None]:
    if spec.gripper is None:
        return None, None
    labeled = play.labeled()
    low, high = (bounds[spec.action.index(spec.gripper.action)] for bounds in (spec.action.low, spec.action.high))
    threshold = 2 * (spec.gripper.threshold - low) / (high - low) - 1
    above = play.action[labeled, spec.action.index(spec.gripper.action)] > threshold
    is_closed = above if spec.gripper.closes == "above" else ~above
    same_stretch = play.last[labeled][1:] == play.last[labeled][:-1]
    changes = (is_closed[1:] != is_closed[:-1]) & same_stretch
    return 100 * float(changes.float().mean()), float(is_closed.float().mean())
