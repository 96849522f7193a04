"""What a report says of one episode, measured once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from clam_robot.episodes.reader import Episode
from clam_robot.hardware.calibration.in_words import calibration_in_words

_SAMPLES = 12


@dataclass(frozen=True, kw_only=True)
class CameraFacts:
    """One camera in one episode.

    Attributes:
        brightness: mean over pixels of some frames [0 .. 255].
        num_distinct: how many of these frames differ from the one before.
        num_sampled: frames that were looked at.
        longest_stall: longest time without a new picture [s]; 0 where capture times are not known.
        max_skew: largest distance of a picture's capture from its row's time [s]; None where not known.
    """

    brightness: float
    num_distinct: int
    num_sampled: int
    longest_stall: float
    max_skew: float | None

    @property
    def is_frozen(self) -> bool:
        """Whether all frames that were looked at are one and the same."""
        return self.num_sampled > 1 and self.num_distinct == 0


@dataclass(frozen=True, kw_only=True)
class EpisodeFacts:
    """One episode in numbers.

    Attributes:
        name: of its folder.
        task: what was to be done.
        source: who acted.
        success: None when nobody knows.
        end: why it ended.
        length: rows.
        seconds: from the first row to the last [s].
        hz: rows per second by the rows' own times; None for a single row.
        num_dropped: rows lost in recording.
        num_labeled: rows with an action.
        num_limited: periods in which the safety limiter changed the action.
        num_held: periods without a fresh action.
        cameras: by name.
        state_low: smallest value of each entry.
        state_high: largest value of each entry.
        actions: (n, A) of the labelled rows.
        calibration: what it was recorded with, and how old that was then, in words.
    """

    name: str
    task: str
    source: str
    success: bool | None
    end: str
    length: int
    seconds: float
    hz: float | None
    num_dropped: int
    num_labeled: int
    num_limited: int
    num_held: int
    cameras: Mapping[str, CameraFacts]
    state_low: Float32[np.ndarray, "S"]
    state_high: Float32[np.ndarray, "S"]
    actions: Float32[np.ndarray, "n A"]
    calibration: str = "none"


def measure(episode: Episode) -> EpisodeFacts:
    """Look at all numbers and some frames of an episode that has at least one row.

    Raises:
        DamagedEpisode: something of it cannot be read.
    """
    known, seconds = episode.attributes, float(episode.time[-1] - episode.time[0])
    return EpisodeFacts(
        name=episode.path.resolve().name,
        task=episode.task,
        source=episode.source,
        success=episode.success,
        end=known.end,
        length=len(episode),
        seconds=seconds,
        hz=(len(episode) - 1) / seconds if seconds > 0 else None,
        num_dropped=known.recording.num_dropped,
        num_labeled=known.num_labeled,
        num_limited=known.recording.num_limited,
        num_held=known.recording.num_held,
        cameras={camera: _camera(episode, camera) for camera in episode.spec.cameras},
        state_low=episode.state.min(axis=0),
        state_high=episode.state.max(axis=0),
        actions=episode.action[episode.action_labeled],
        calibration=calibration_in_words(known.calibration, known.started_at),
    )


def _camera(episode: Episode, camera: str) -> CameraFacts:
    rows = np.unique(np.linspace(0, len(episode) - 1, _SAMPLES).astype(int))
    frames = episode.images[camera][rows]
    times = episode.image_times[camera]
    is_known = np.isfinite(times)
    captured = times[is_known]
    new = np.flatnonzero(np.diff(captured, prepend=-np.inf) > 0)
    # From the first sight of each picture to the first sight of the next one, or to the end.
    seen = np.append(episode.time[is_known][new], episode.time[-1])
    return CameraFacts(
        brightness=float(frames.mean()),
        num_distinct=int((frames[1:] != frames[:-1]).any(axis=(1, 2, 3)).sum()),
        num_sampled=len(rows),
        longest_stall=float(np.diff(seen).max()) if len(captured) else 0.0,
        max_skew=float(np.abs(episode.time[is_known] - captured).max()) if len(captured) else None,
    )
