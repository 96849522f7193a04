"""From data sets on disk to the windows a run learns from."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.windows import WindowDataset
from clam_robot.errors import ConfigError, NoEpisodes, NoLabels
from clam_robot.models.action_scale import ActionScale
from clam_robot.specs import RobotSpec
from clam_robot.training.config import TrainConfig

# Seed of the order in which play episodes are dealt to labelled sets; fixed, so that set k is the same in every run.
_DEAL_SEED = 2505


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some transitions as tensors.

    Attributes:
        states: (B, W, S) windows around each transition.
        action: (B, A) scaled to [-1, 1]; zero where unlabelled.
        is_labeled: (B,).
    """

    states: Float[Tensor, "B W S"]
    action: Float[Tensor, "B A"]
    is_labeled: Bool[Tensor, "B"]


class TransitionSource:
    """The transitions of episodes, each with the window around it."""

    def __init__(self, windows: WindowDataset, scale: ActionScale, device: torch.device) -> None:
        self._windows = windows
        self._scale = scale
        self._device = device

    def __len__(self) -> int:
        return len(self._windows)

    def batches(self, size: int = 4096) -> Iterator[Batch]:
        """Every transition in order, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))

    def take(self, indices: np.ndarray) -> Batch:
        """The transitions at `indices`."""
        window = self._windows[indices]
        action = self._scale.normalize(torch.from_numpy(window.actions).to(self._device)).nan_to_num(0.0)
        return Batch(
            states=torch.from_numpy(window.states).to(self._device),
            action=action,
            is_labeled=torch.from_numpy(window.is_labeled).to(self._device),
        )


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What a run learns from.

    Attributes:
        spec: of the robot that recorded all of it, without its cameras: nothing here looks through them, and a policy
            must not ask a robot for more than it uses.
        play: labelled play; None for the oracle.
        demonstrations: without labels but for the oracle; None for behaviour cloning of play.
        num_play: episodes of play.
        num_demonstrations: demonstrations.
    """

    spec: RobotSpec
    play: TransitionSource | None
    demonstrations: TransitionSource | None
    num_play: int = 0
    num_demonstrations: int = 0

    @property
    def sources(self) -> tuple[TransitionSource, ...]:
        """Those there are."""
        return tuple(source for source in (self.play, self.demonstrations) if source is not None)


def load_training_data(config: TrainConfig) -> TrainingData:
    """Open the data sets a method needs and draw its labelled set.

    Raises:
        ConfigError: a data set the method needs is not given.
        NoEpisodes: nothing at its path, too few demonstrations, or no two rows in succession.
        NoLabels: the play has fewer labelled episodes than asked for, or the oracle's demonstrations have no labels.
        SpecMismatch: play and demonstrations come from different robots.
    """
    is_oracle = config.method == "oracle"
    play = None if is_oracle else _labeled_play(_required(config.play, "play", config.method), config)
    demonstrations = None
    if config.method != "bc-play":
        path = _required(config.demonstrations, "demonstrations", config.method)
        demonstrations = _demonstrations(path, config)
        if is_oracle and not any(episode.action_labeled.any() for episode in demonstrations):
            raise NoLabels(f"the oracle needs demonstrations with actions, and {path} has none; train another method")
    spec = dataclasses.replace((play or demonstrations or [])[0].spec, cameras={})
    if play and demonstrations:
        spec.require(demonstrations[0].spec, what=f"play {config.play} with demonstrations {config.demonstrations}")
    return TrainingData(
        spec=spec,
        play=None if play is None else _source(play, config, use_labels=True),
        demonstrations=None if demonstrations is None else _source(demonstrations, config, use_labels=is_oracle),
        num_play=len(play or ()),
        num_demonstrations=len(demonstrations or ()),
    )


def _source(episodes: Sequence[Episode], config: TrainConfig, *, use_labels: bool) -> TransitionSource:
    windows = WindowDataset(episodes, past=config.features.past, future=config.features.future, use_labels=use_labels)
    root = episodes[0].path.parent
    if not len(windows):
        raise NoEpisodes(f"expected transitions in {root}, found no two rows in succession; record longer episodes")
    if use_labels and not windows.is_labeled.any():
        raise NoLabels(f"expected labelled transitions in {root}, found none that another row follows; record more")
    device = torch.device(config.device)
    return TransitionSource(windows, ActionScale(episodes[0].spec.action).to(device), device)


def _required(path: Path | None, name: str, method: str) -> Path:
    if path is None:
        raise ConfigError(f"method {method} needs --{name}: the path of a data set; `clam record` makes one")
    return path


def _in_order(path: Path) -> list[Episode]:
    """By scene, so that the order in which several processes finished their episodes does not matter."""
    return sorted(EpisodeDataset(path), key=lambda episode: (episode.attributes.seed or 0, episode.path.name))


def _demonstrations(path: Path, config: TrainConfig) -> list[Episode]:
    demonstrations = _in_order(path)
    wanted = len(demonstrations) if config.num_demonstrations is None else config.num_demonstrations
    if len(demonstrations) < wanted:
        raise NoEpisodes(
            f"expected {wanted} demonstrations, found {len(demonstrations)} in {path}; "
            "record more, or lower --num-demonstrations"
        )
    return demonstrations[:wanted]


def _labeled_play(path: Path, config: TrainConfig) -> list[Episode]:
    labeled = [episode for episode in _in_order(path) if episode.action_labeled.any()]
    first, last = config.label_set * config.num_labeled, (config.label_set + 1) * config.num_labeled
    if not labeled:
        raise NoLabels(
            f"grounding needs labelled actions: expected {config.num_labeled} labelled play episodes, found none in "
            f"{path}; record play with `clam record --source play`"
        )
    if len(labeled) < last:
        raise NoLabels(
            f"labelled set {config.label_set} of {config.num_labeled} episodes needs {last} labelled play episodes, "
            f"found {len(labeled)} in {path}; record more, or lower --num-labeled or --label-set"
        )
    order = np.random.default_rng(_DEAL_SEED).permutation(len(labeled))
    return [labeled[i] for i in order[first:last]]
