"""One row of an episode on its way to the disk."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clam_robot.episodes import schema
from clam_robot.errors import InvalidVector
from clam_robot.specs import RobotSpec
from clam_robot.types import Step

_OVERHEAD = 1024


@dataclass(frozen=True, kw_only=True)
class Row:
    """A copy of what is kept of a `Step`; the caller may reuse its arrays.

    Attributes:
        values: by array name, one row each.
        frames: by camera, (H, W, 3) uint8.
        num_dropped: rows lost between the row before and this one.
    """

    values: Mapping[str, np.ndarray | np.generic]
    frames: Mapping[str, np.ndarray]
    num_dropped: int = 0

    @classmethod
    def from_step(cls, step: Step, spec: RobotSpec, *, is_labeled: bool, num_dropped: int = 0) -> "Row":
        """Copy a step; without labels its actions are not taken along.

        Raises:
            InvalidVector: the state or an action has the wrong shape, or the state is not finite.
            InvalidImage: a camera is missing, or has the wrong shape or dtype.
        """
        observation, status = step.observation, step.status
        observation.validate(spec)
        requested = step.requested if is_labeled else None
        sent = step.sent if is_labeled else None
        values: dict[str, np.ndarray | np.generic] = {
            schema.TIME: np.float64(observation.time),
            schema.STATE: np.array(observation.state, np.float32),
            schema.ACTION: _action(sent, spec),
            schema.ACTION_REQUESTED: _action(requested, spec),
            schema.ACTION_LABELED: np.bool_(sent is not None),
            schema.SUCCESS: np.float32(math.nan if status is None else status.success),
            schema.EPISODE_RETURN: np.float32(math.nan if status is None else status.episode_return),
        }
        for camera in spec.cameras:
            values[schema.image_time_array(camera)] = np.float64(observation.image_times.get(camera, math.nan))
        frames = {camera: np.array(observation.images[camera]) for camera in spec.cameras}
        return Row(values=values, frames=frames, num_dropped=num_dropped)

    def without_frames(self) -> "Row":
        """What is left once the frames are encoded."""
        return dataclasses.replace(self, frames={}) if self.frames else self

    @property
    def num_bytes(self) -> int:
        """Memory it takes [bytes]."""
        return _OVERHEAD + sum(frame.nbytes for frame in self.frames.values())


def _action(action: np.ndarray | None, spec: RobotSpec) -> np.ndarray:
    if action is None:
        return np.full(len(spec.action), np.nan, np.float32)
    if action.shape != (len(spec.action),):
        raise InvalidVector(f"action: expected shape ({len(spec.action)},), found {action.shape}")
    return np.array(action, np.float32)
