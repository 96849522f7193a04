"""From data sets on disk to the windows a run learns from."""

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clam_robot.episodes.reader import Episode
from clam_robot.episodes.stores.cache import pictures_of
from clam_robot.episodes.stores.place import Place
from clam_robot.episodes.stores.reading import open_dataset
from clam_robot.episodes.windows import WindowDataset
from clam_robot.errors import ConfigError, NoEpisodes, NoLabels
from clam_robot.models.action_scale import ActionScale
from clam_robot.specs import RobotSpec
from clam_robot.training.config import TrainConfig
from clam_robot.training.film import Film, develop

logger = logging.getLogger(__name__)

# Tasks that a message names.
_SHOWN = 4
# Seed of the order in which play episodes are dealt to labelled sets; fixed, so that set k is the same in every run.
_DEAL_SEED = 2505


class TransitionSource:
    """The transitions of episodes, in memory.

    Attributes:
        states: (N, W, S) windows around each transition.
        action: (N, A) scaled to [-1, 1]; zero where unlabelled.
        is_labeled: (N,).
        last: (N,) the last transition that follows without a gap.
        film: frames of a camera; None where none is looked through.
    """

    def __init__(self, windows: WindowDataset, scale: ActionScale, film: Film | None) -> None:
        window = windows[np.arange(len(windows))]
        self.states: Tensor = torch.from_numpy(window.states)
        self.action: Tensor = scale.normalize(torch.from_numpy(window.actions)).nan_to_num(0.0)
        self.is_labeled: Tensor = torch.from_numpy(window.is_labeled)
        self.last: Tensor = torch.from_numpy(_last_of_segment(window.episode, window.step))
        self.film = film

    def __len__(self) -> int:
        return len(self.states)


def _last_of_segment(episode: np.ndarray, step: np.ndarray) -> np.ndarray:
    """For every transition the last one that follows without a gap."""
    is_end = np.ones(len(step), bool)
    is_end[:-1] = (episode[1:] != episode[:-1]) | (step[1:] != step[:-1] + 1)
    ends = np.flatnonzero(is_end)
    return ends[np.searchsorted(ends, np.arange(len(step)))]


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What a run learns from.

    Attributes:
        spec: of the robot that recorded all of it, without the cameras that nothing here looks through: a policy must
            not ask a robot for more than it uses.
        play: labelled play; None for the oracle.
        demonstrations: without labels but for the oracle; None for behaviour cloning of play.
        held_out: labelled play of which nothing is learned, to judge by; None where there is none.
        num_play: episodes of play.
        num_demonstrations: demonstrations.
    """

    spec: RobotSpec
    play: TransitionSource | None
    demonstrations: TransitionSource | None
    held_out: TransitionSource | None = None
    num_play: int = 0
    num_demonstrations: int = 0

    @property
    def sources(self) -> tuple[TransitionSource, ...]:
        """Those there are."""
        return tuple(source for source in (self.play, self.demonstrations) if source is not None)


def load_training_data(config: TrainConfig) -> TrainingData:
    """Open the data sets a method needs and draw its labelled set; warn where they are of different tasks.

    Raises:
        ConfigError: a data set the method needs is not given.
        NoEpisodes: nothing at its path, too few demonstrations, or no two rows in succession.
        NoLabels: the play has fewer labelled episodes than asked for, or the oracle's demonstrations have no labels.
        SpecMismatch: play and demonstrations come from different robots.
    """
    is_oracle = config.method == "oracle"
    play, held_out = ([], []) if is_oracle else _labeled_play(_required(config.play, "play", config.method), config)
    demonstrations = None
    if config.method != "bc-play":
        path = _required(config.demonstrations, "demonstrations", config.method)
        demonstrations = _demonstrations(path, config)
        if is_oracle and not any(episode.action_labeled.any() for episode in demonstrations):
            raise NoLabels(f"the oracle needs demonstrations with actions, and {path} has none; train another method")
    recorded = (play or demonstrations or [])[0].spec
    cameras = {name: size for name, size in recorded.cameras.items() if name == config.vision.camera}
    spec = dataclasses.replace(recorded, cameras=cameras)
    if play and demonstrations:
        spec.require(demonstrations[0].spec, what=f"play {config.play} with demonstrations {config.demonstrations}")
        _warn_of_other_tasks(play, demonstrations, config)
    return TrainingData(
        spec=spec,
        play=_source(play, config, use_labels=True) if play else None,
        held_out=_source(held_out, config, use_labels=True) if held_out and config.method == "clam" else None,
        demonstrations=None if demonstrations is None else _source(demonstrations, config, use_labels=is_oracle),
        num_play=len(play),
        num_demonstrations=len(demonstrations or ()),
    )


def _warn_of_other_tasks(play: Sequence[Episode], demonstrations: Sequence[Episode], config: TrainConfig) -> None:
    """Say so where demonstrations are of tasks that play is not of; episodes whose task nobody named are of any."""
    played, shown = ({episode.task for episode in episodes} for episodes in (play, demonstrations))
    if "" in played or not (others := sorted(shown - played - {""})):
        return
    logger.warning(
        "play is of %s (%s), but demonstrations are of %s (%s): actions are then learned on other things than they "
        "are used on; if it is not meant, give play of the demonstrations' task with --play",
        *(_listed(sorted(played)), config.play, _listed(others), config.demonstrations),
    )


def _listed(tasks: Sequence[str]) -> str:
    more = len(tasks) - _SHOWN
    return ", ".join(tasks[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _source(episodes: Sequence[Episode], config: TrainConfig, *, use_labels: bool) -> TransitionSource:
    windows = WindowDataset(episodes, past=config.features.past, future=config.features.future, use_labels=use_labels)
    root = episodes[0].path.parent
    if not len(windows):
        raise NoEpisodes(f"expected transitions in {root}, found no two rows in succession; record longer episodes")
    if use_labels and not windows.is_labeled.any():
        raise NoLabels(f"expected labelled transitions in {root}, found none that another row follows; record more")
    vision = config.vision
    film = None
    if vision.camera is not None:
        film = develop(episodes, torch.from_numpy(windows.rows), camera=vision.camera, size=vision.size)
    return TransitionSource(windows, ActionScale(episodes[0].spec.action), film)


def _required(path: Place | None, name: str, method: str) -> Place:
    if path is None:
        raise ConfigError(f"method {method} needs --{name}: the path or URL of a data set; `clam record` makes one")
    return path


def _in_order(place: Place, config: TrainConfig) -> list[Episode]:
    """By scene, so that the order in which several processes finished their episodes does not matter."""
    episodes = open_dataset(place, wanted=pictures_of(config.vision.camera))
    return sorted(episodes, key=lambda episode: (episode.attributes.seed or 0, episode.path.name))


def _demonstrations(path: Place, config: TrainConfig) -> list[Episode]:
    demonstrations = _in_order(path, config)
    wanted = len(demonstrations) if config.num_demonstrations is None else config.num_demonstrations
    if len(demonstrations) < wanted:
        raise NoEpisodes(
            f"expected {wanted} demonstrations, found {len(demonstrations)} in {path}; "
            "record more, or lower --num-demonstrations"
        )
    return demonstrations[:wanted]


def _labeled_play(path: Place, config: TrainConfig) -> tuple[list[Episode], list[Episode]]:
    """The labelled set of the run, and as many episodes of the others."""
    labeled = [episode for episode in _in_order(path, config) if episode.action_labeled.any()]
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
    others = np.concatenate([order[last:], order[:first]])[: config.num_labeled]
    return [labeled[i] for i in order[first:last]], [labeled[i] for i in others]
