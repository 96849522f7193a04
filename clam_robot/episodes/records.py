"""What an episode is made of, on its way to the disk."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clam_robot.episodes import schema
from clam_robot.errors import InvalidVector
from clam_robot.specs import RobotSpec
from clam_robot.types import Step

# What a record takes beside its picture, roughly [bytes].
_OVERHEAD = 1024


@dataclass(frozen=True, kw_only=True)
class FrameRecord:
    """A frame of a camera.

    Attributes:
        camera: whose.
        time: when it was captured [s]; NaN where unknown.
        image: (H, W, 3) uint8, which nobody changes any more.
        depth: (H, W) uint16, likewise; None where there is none.
    """

    camera: str
    time: float
    image: np.ndarray
    depth: np.ndarray | None = None

    @property
    def num_bytes(self) -> int:
        """Memory it takes [bytes]."""
        return _OVERHEAD + self.image.nbytes + (0 if self.depth is None else self.depth.nbytes)


@dataclass(frozen=True, kw_only=True)
class JointRecord:
    """A sample of the joints.

    Attributes:
        values: by array name, one row each.
    """

    values: Mapping[str, np.ndarray | np.generic]

    @classmethod
    def of(
        cls, time: float, position: np.ndarray, velocity: np.ndarray, effort: np.ndarray, *, size: int
    ) -> "JointRecord":
        """Copy a sample.

        Raises:
            InvalidVector: a vector is not of `size` joints.
        """
        given = {schema.JOINT_POSITION: position, schema.JOINT_VELOCITY: velocity, schema.JOINT_EFFORT: effort}
        for name, vector in given.items():
            if vector.shape != (size,):
                raise InvalidVector(f"{name}: expected shape ({size},), found {vector.shape}")
        copied = {name: np.array(vector, np.float64) for name, vector in given.items()}
        return JointRecord(values={**copied, schema.JOINT_TIME: np.float64(time)})

    @property
    def num_bytes(self) -> int:
        """Memory it takes [bytes]."""
        return _OVERHEAD


@dataclass(frozen=True, kw_only=True)
class Row:
    """A copy of what is kept of a `Step` beside its frames; the caller may reuse its arrays.

    Attributes:
        values: by array name, one row each.
        limits: rules that changed or refused the action.
        num_dropped: rows lost between the row before and this one.
    """

    values: Mapping[str, np.ndarray | np.generic]
    limits: tuple[str, ...] = ()
    num_dropped: int = 0

    @classmethod
    def from_step(
        cls, step: Step, spec: RobotSpec, *, is_labeled: bool, frame_index: Mapping[str, int], num_dropped: int = 0
    ) -> "Row":
        """Copy a step; without labels its actions are not taken along.

        Args:
            step: that fits the spec, but for its actions.
            spec: of the robot.
            is_labeled: whether the actions may be used as labels.
            frame_index: which frame of each camera it shows.
            num_dropped: rows lost since the row before.

        Raises:
            InvalidVector: an action has the wrong shape.
        """
        observation, status = step.observation, step.status
        sent = step.sent if is_labeled else None
        values: dict[str, np.ndarray | np.generic] = {
            schema.TIME: np.float64(observation.time),
            schema.STATE: np.array(observation.state, np.float32),
            schema.ACTION: _action(sent, spec),
            schema.ACTION_REQUESTED: _action(step.requested if is_labeled else None, spec),
            schema.ACTION_LABELED: np.bool_(sent is not None),
            schema.SUCCESS: np.float32(math.nan if status is None else status.success),
            schema.EPISODE_RETURN: np.float32(math.nan if status is None else status.episode_return),
        }
        values |= {schema.frame_index_array(camera): np.int64(frame) for camera, frame in frame_index.items()}
        return Row(values=values, limits=step.limits, num_dropped=num_dropped)

    @property
    def num_bytes(self) -> int:
        """Memory it takes [bytes]."""
        return _OVERHEAD


Record = Row | FrameRecord | JointRecord


def _action(action: np.ndarray | None, spec: RobotSpec) -> np.ndarray:
    if action is None:
        return np.full(len(spec.action), np.nan, np.float32)
    if action.shape != (len(spec.action),):
        raise InvalidVector(f"action: expected shape ({len(spec.action)},), found {action.shape}")
    return np.array(action, np.float32)
