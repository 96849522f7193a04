"""Short stretches of episodes around a row, gathered many at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from clam_robot.episodes.reader import Episode
from clam_robot.episodes.row_frames import RowFrames
from clam_robot.errors import InvalidImage, NoEpisodes


@dataclass(frozen=True, kw_only=True)
class WindowBatch:
    """B windows of W = past + 1 + future rows.

    Attributes:
        states: (B, W, S); beyond the ends of an episode its first or last row is repeated.
        actions: (B, A) at the centre row; NaN where there is no label.
        is_labeled: (B,) whether `actions` may be used.
        images: by camera, (B, W, H, W, 3) uint8 RGB.
        episode: (B,) which episode of the sequence.
        step: (B,) centre row within it.
    """

    states: Float32[np.ndarray, "B W S"]
    actions: Float32[np.ndarray, "B A"]
    is_labeled: Bool[np.ndarray, "B"]
    images: Mapping[str, UInt8[np.ndarray, "B W height width 3"]] = field(default_factory=dict[str, np.ndarray])
    episode: Int64[np.ndarray, "B"]
    step: Int64[np.ndarray, "B"]

    def __len__(self) -> int:
        return len(self.step)


class WindowDataset:
    """Windows around every row that has a next one.

    States and actions of all episodes are in memory; frames are read when a window is asked for. Where rows were lost
    in recording, a window ends as it does at the end of an episode.
    """

    def __init__(
        self,
        episodes: Sequence[Episode],
        *,
        past: int,
        future: int,
        use_labels: bool = True,
        cameras: tuple[str, ...] = (),
    ) -> None:
        """Load states and, unless forbidden, actions.

        Args:
            episodes: of one robot.
            past: rows before the centre.
            future: rows after the centre.
            use_labels: with False no action is ever read.
            cameras: whose frames to gather.

        Raises:
            NoEpisodes: there is none.
            InvalidImage: an episode lacks a camera; names both.
            DamagedEpisode: an array cannot be read.
        """
        if not len(episodes):
            raise NoEpisodes("expected at least one episode to take windows of, found none")
        self._offsets = np.arange(-past, future + 1)
        self._images: dict[str, list[RowFrames]] = {camera: [] for camera in cameras}
        states: list[np.ndarray] = []
        actions: list[np.ndarray] = []
        labels: list[np.ndarray] = []
        centres: list[np.ndarray] = []
        num_rows = 0
        for number, episode in enumerate(episodes):
            states.append(episode.state)
            is_labeled = episode.action_labeled if use_labels else np.zeros(len(episode), bool)
            action = episode.action if use_labels else np.empty((len(episode), len(episode.spec.action)), np.float32)
            actions.append(np.where(is_labeled[:, None], action, np.float32(np.nan)))
            labels.append(is_labeled)
            for camera, frames in self._images.items():
                if camera not in episode.images:
                    raise InvalidImage(f"{episode.path}: no camera {camera!r}; there are {_listed(episode.images)}")
                frames.append(episode.images[camera])
            for start, stop in episode.segments:
                centre = np.empty((stop - 1 - start, 5), np.int64)
                centre[:, 0] = number
                centre[:, 1] = np.arange(start, stop - 1)
                centre[:, 2:] = num_rows, num_rows + start, num_rows + stop - 1
                centres.append(centre)
            num_rows += len(episode)
        self._states = np.concatenate(states)
        self._actions = np.concatenate(actions)
        self._is_labeled = np.concatenate(labels)
        self._centres = np.concatenate([np.empty((0, 5), np.int64), *centres])

    def __len__(self) -> int:
        return len(self._centres)

    @property
    def is_labeled(self) -> Bool[np.ndarray, "N"]:
        """Which windows have a label, of all of them in order."""
        return self._is_labeled[self._centres[:, 2] + self._centres[:, 1]]

    @property
    def rows(self) -> Int64[np.ndarray, "N W"]:
        """Rows of every window, counted through all episodes one behind the other."""
        return self._rows(self._centres)

    def _rows(self, centres: np.ndarray) -> np.ndarray:
        _, step, offset, first, last = centres.T
        return np.clip((offset + step)[:, None] + self._offsets, first[:, None], last[:, None])

    def __getitem__(self, indices: Int64[np.ndarray, "B"]) -> WindowBatch:
        """Gather windows.

        Raises:
            IndexError: an index out of range.
            DamagedEpisode: a frame cannot be read.
        """
        episode, step, offset, _, _ = self._centres[indices].T
        centre = offset + step
        rows = self._rows(self._centres[indices])
        images = {
            camera: self._gather(frames, episode, rows - offset[:, None]) for camera, frames in self._images.items()
        }
        return WindowBatch(
            states=self._states[rows],
            actions=self._actions[centre],
            is_labeled=self._is_labeled[centre],
            images=images,
            episode=episode,
            step=step,
        )

    def _gather(self, frames: list[RowFrames], episode: np.ndarray, rows: np.ndarray) -> np.ndarray:
        images = np.empty((*rows.shape, *frames[0].shape[1:]), np.uint8)
        flat, wanted = images.reshape(-1, *images.shape[2:]), rows.ravel()
        numbers: list[int] = np.unique(episode).tolist()
        for number in numbers:
            places = np.flatnonzero(np.repeat(episode == number, rows.shape[1]))
            frames[number].read(wanted[places], [flat[place] for place in places.tolist()])
        return images


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
