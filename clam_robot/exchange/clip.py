"""An episode on its way in from another program's format."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from clam_robot.episodes.writer import EpisodeWriter
from clam_robot.errors import ExchangeError
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step, TaskStatus


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One episode: vectors in memory, frames row by row as they are asked for.

    Attributes:
        start: robot, task, who acted, whether the actions are labels.
        time: (T,) when each state was measured [s].
        state: (T, S).
        action: (T, A) what was sent; NaN where nothing was.
        action_requested: (T, A) what was asked for; NaN where nothing was.
        image_times: by camera, (T,) when each frame was captured [s].
        frames: T mappings of camera to (H, W, 3) uint8 RGB; read once, in order.
        row_success: (T,) 1 or 0 after the row's action; NaN where nobody judged.
        episode_return: (T,) sum of rewards; NaN where there were none.
        success: of the episode; None when nobody knows.
        end: why it ended.
        calibration: the robot's.
        time_corrections: latency that was taken off its times already, by the array of an episode they go to [s].
    """

    start: EpisodeStart
    time: Float64[np.ndarray, "T"]
    state: Float32[np.ndarray, "T S"]
    action: Float32[np.ndarray, "T A"]
    action_requested: Float32[np.ndarray, "T A"]
    image_times: Mapping[str, Float64[np.ndarray, "T"]] = field(default_factory=dict[str, np.ndarray])
    frames: Iterable[Mapping[str, UInt8[np.ndarray, "H W 3"]]] = ()
    row_success: Float32[np.ndarray, "T"]
    episode_return: Float32[np.ndarray, "T"]
    success: bool | None = None
    end: str = "imported"
    calibration: dict[str, Any] | None = None
    time_corrections: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def spec(self) -> RobotSpec:
        """The robot."""
        return self.start.spec


def unjudged(length: int) -> Float32[np.ndarray, "T"]:
    """A column for what nobody measured."""
    return np.full(length, np.nan, np.float32)


def record(clip: Clip, root: Path) -> Path:
    """Write a clip as an episode of the data set at `root`; returns where it is.

    Frames are stored as the recorder stores them (JPEG); numbers stay as they are.

    Raises:
        ExchangeError: there are fewer frames than rows; says how many.
        SpecError: a row does not fit the spec.
        EpisodeError: the folder cannot be written.
    """
    length = len(clip.time)
    with EpisodeWriter(
        root,
        clip.start,
        calibration=clip.calibration,
        time_corrections=clip.time_corrections,
        durable=False,
        wait_when_full=True,
    ) as writer:
        num_rows = 0
        frames = clip.frames if clip.spec.cameras else [{}] * length
        for row, images in zip(range(length), frames, strict=False):
            writer.append(_step(clip, row, images))
            num_rows += 1
        if num_rows < length:
            raise ExchangeError(
                f"expected a frame for each of {length} rows, found {num_rows}; the films are too short"
            )
        return writer.commit(_outcome(clip))


def _step(clip: Clip, row: int, images: Mapping[str, np.ndarray]) -> Step:
    success = clip.row_success[row]
    status = None
    if not np.isnan(success):
        status = TaskStatus(
            success=bool(success), episode_return=float(clip.episode_return[row]), num_steps=row, is_over=False
        )
    return Step(
        observation=Observation(
            time=float(clip.time[row]),
            state=clip.state[row],
            images=images,
            image_times={camera: float(times[row]) for camera, times in clip.image_times.items()},
        ),
        requested=_given(clip.action_requested[row]),
        sent=_given(clip.action[row]),
        status=status,
    )


def _given(action: np.ndarray) -> np.ndarray | None:
    return None if np.isnan(action).any() else action


def _outcome(clip: Clip) -> EpisodeOutcome:
    length = len(clip.time)
    seconds = float(clip.time[-1] - clip.time[0]) if length else 0.0
    total = float(clip.episode_return[-1]) if length else math.nan
    return EpisodeOutcome(
        success=clip.success,
        episode_return=None if math.isnan(total) else total,
        num_steps=length,
        end=clip.end,
        achieved_hz=(length - 1) / seconds if seconds > 0 else clip.spec.control_hz,
        num_held=int(np.isnan(clip.action[:-1]).any(axis=1).sum()) if clip.start.is_labeled else 0,
    )
