"""What an episode on disk is made of: the only place its names, shapes and layout are spelled.

One episode is one zarr 3 group. T rows, one per control period in order, the closing observation included:

    time (T,)                float64 [s]      when the state was measured; rises from row to row
    state (T, S)             float32
    action (T, A)            float32          what was really sent; NaN where nothing was
    action_requested (T, A)  float32          what the policy asked for; NaN where nothing was due
    action_labeled (T,)      bool             whether `action` may be used as a label
    success (T,)             float32          1 or 0 after the row's action; NaN where nobody judges
    episode_return (T,)      float32          sum of rewards after the row's action; NaN where there are none
    images/<camera>          (T, H, W, 3)     uint8 RGB, JPEG, one frame a chunk, SHARD_ROWS frames a file
    image_time/<camera>      (T,)             float64 [s], when each frame was captured

In a video-only episode `action` and `action_requested` hold NaN throughout. `time` is written last, so the rows that
are whole are the leading finite times. What the attributes hold is said in `clam_robot.episodes.attributes`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from clam_robot.specs import RobotSpec

SCHEMA_VERSION = 1
"""Raised whenever a reader of the version before would misread the new one."""

TIME = "time"
STATE = "state"
ACTION = "action"
ACTION_REQUESTED = "action_requested"
ACTION_LABELED = "action_labeled"
SUCCESS = "success"
EPISODE_RETURN = "episode_return"
IMAGES = "images"
IMAGE_TIME = "image_time"

METADATA = "zarr.json"
"""Zarr's name for the file that describes a group or an array."""

CHUNK_ROWS = 256
"""Rows of a vector in one file."""

SHARD_ROWS = 32
"""Camera frames in one file, and so the most that a kill can cost."""

JPEG = "imagecodecs_jpeg"
"""Name of the codec of camera frames."""

JPEG_LEVEL = 90
"""Quality of camera frames [0 .. 100]; 37 dB at 55 to 76 kB for a 640 x 480 frame."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One array with a row per control period.

    Attributes:
        name: path within the episode.
        dtype: numpy and zarr name of the element type.
        row: shape of one row.
    """

    name: str
    dtype: str
    row: tuple[int, ...] = ()


def image_array(camera: str) -> str:
    """Path of a camera's frames."""
    return f"{IMAGES}/{camera}"


def image_time_array(camera: str) -> str:
    """Path of a camera's capture times."""
    return f"{IMAGE_TIME}/{camera}"


def columns(spec: RobotSpec) -> tuple[Column, ...]:
    """Every array but the frames, in the order of writing."""
    return tuple(_columns(spec))


def _columns(spec: RobotSpec) -> Iterator[Column]:
    yield Column(name=STATE, dtype="float32", row=(len(spec.state),))
    yield Column(name=ACTION, dtype="float32", row=(len(spec.action),))
    yield Column(name=ACTION_REQUESTED, dtype="float32", row=(len(spec.action),))
    yield Column(name=ACTION_LABELED, dtype="bool")
    yield Column(name=SUCCESS, dtype="float32")
    yield Column(name=EPISODE_RETURN, dtype="float32")
    for camera in spec.cameras:
        yield Column(name=image_time_array(camera), dtype="float64")
    yield Column(name=TIME, dtype="float64")
