"""What an episode on disk is made of: the only place its names, shapes and layout are spelled.

One episode is one zarr 3 group of streams that each keep their own times. T rows, one per control period in order, the
closing observation included:

    time (T,)                float64 [s]      when the state was measured; rises from row to row
    state (T, S)             float32
    action (T, A)            float32          what was really sent; NaN where nothing was
    action_requested (T, A)  float32          what the policy asked for; NaN where nothing was due
    action_labeled (T,)      bool             whether `action` may be used as a label
    success (T,)             float32          1 or 0 after the row's action; NaN where nobody judges
    episode_return (T,)      float32          sum of rewards after the row's action; NaN where there are none
    frame_index/<camera>     (T,) int64       which frame of the camera the row's observation showed

N frames of each camera, at its own rate, each stored once, in the order they were taken over; that is the order of
their times, but for a frame that was refused for want of room and came back with a row that showed it:

    images/<camera>          (N, H, W, 3)     uint8 RGB, JPEG, one frame a chunk, SHARD_ROWS frames a file
    image_time/<camera>      (N,)             float64 [s], when each frame was captured; NaN where unknown
    depth/<camera>           (N, H, W)        uint16 [depth_units of the attributes], distance along the optical axis,
                                              pixel by pixel of the frame of the same number; 0 where unknown

Depth is a part of a frame: a robot's spec, which says what a policy sees, does not know of it, and `depth_units` in the
attributes names the cameras that have it. So recordings with depth and without fit the same policies.

M samples of J joints at the arm's own rate, where the recording was given them:

    joints/position (M, J)   float64 [rad]
    joints/velocity (M, J)   float64 [rad/s]
    joints/effort (M, J)     float64          in the driver's units
    joints/time (M,)         float64 [s]      when they were read

In a video-only episode `action` and `action_requested` hold NaN throughout. What the attributes hold is said in
`clam_robot.episodes.attributes`.

While an episode grows, frames go to the disk before the rows that show them, and the times of a stream after its other
arrays, so that what is whole are the leading finite times. Version 1 had one frame for each row and no `frame_index`;
it is read as it is, and need not be converted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from clam_robot.specs import RobotSpec

SCHEMA_VERSION = 2
"""Raised whenever a reader of the version before would misread the new one."""

ONE_FRAME_PER_ROW = 1
"""The version before frames were stored at their own rate; still read."""

ROWS = "rows"
"""What the stream of rows is called where streams are counted; frames go by the path of their array."""

TIME = "time"
STATE = "state"
ACTION = "action"
ACTION_REQUESTED = "action_requested"
ACTION_LABELED = "action_labeled"
SUCCESS = "success"
EPISODE_RETURN = "episode_return"
FRAME_INDEX = "frame_index"
IMAGES = "images"
IMAGE_TIME = "image_time"
DEPTH = "depth"
JOINTS = "joints"
JOINT_POSITION, JOINT_VELOCITY, JOINT_EFFORT = f"{JOINTS}/position", f"{JOINTS}/velocity", f"{JOINTS}/effort"
JOINT_TIME = f"{JOINTS}/time"

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
    """One array of numbers or vectors.

    Attributes:
        name: path within the episode.
        dtype: numpy and zarr name of the element type.
        row: shape of one row.
    """

    name: str
    dtype: str
    row: tuple[int, ...] = ()

    @property
    def fill(self) -> bool | float | int:
        """What stands where nothing was written."""
        return {"bool": False, "int64": -1}.get(self.dtype, float("nan"))


def image_array(camera: str) -> str:
    """Path of a camera's frames."""
    return f"{IMAGES}/{camera}"


def image_time_array(camera: str) -> str:
    """Path of a camera's capture times."""
    return f"{IMAGE_TIME}/{camera}"


def depth_array(camera: str) -> str:
    """Path of the depth of a camera's frames."""
    return f"{DEPTH}/{camera}"


def frame_index_array(camera: str) -> str:
    """Path of which frame of a camera each row shows."""
    return f"{FRAME_INDEX}/{camera}"


def columns(spec: RobotSpec, version: int = SCHEMA_VERSION) -> tuple[Column, ...]:
    """Every array with a value per row, in the order of writing."""
    return tuple(_columns(spec, version))


def image_time_column(camera: str) -> Column:
    """Capture times, one per frame."""
    return Column(name=image_time_array(camera), dtype="float64")


def joint_columns(num_joints: int) -> tuple[Column, ...]:
    """Every array with a value per joint sample, in the order of writing; none without joints."""
    if not num_joints:
        return ()
    vectors = (JOINT_POSITION, JOINT_VELOCITY, JOINT_EFFORT)
    return (
        *(Column(name=name, dtype="float64", row=(num_joints,)) for name in vectors),
        Column(name=JOINT_TIME, dtype="float64"),
    )


def groups(spec: RobotSpec, num_joints: int, *, has_depth: bool = False) -> tuple[str, ...]:
    """Every group within an episode."""
    of_cameras = (IMAGES, IMAGE_TIME, FRAME_INDEX) if spec.cameras else ()
    return (*of_cameras, *((DEPTH,) if has_depth else ()), *((JOINTS,) if num_joints else ()))


def _columns(spec: RobotSpec, version: int) -> Iterator[Column]:
    yield Column(name=STATE, dtype="float32", row=(len(spec.state),))
    yield Column(name=ACTION, dtype="float32", row=(len(spec.action),))
    yield Column(name=ACTION_REQUESTED, dtype="float32", row=(len(spec.action),))
    yield Column(name=ACTION_LABELED, dtype="bool")
    yield Column(name=SUCCESS, dtype="float32")
    yield Column(name=EPISODE_RETURN, dtype="float32")
    if version != ONE_FRAME_PER_ROW:
        for camera in spec.cameras:
            yield Column(name=frame_index_array(camera), dtype="int64")
    yield Column(name=TIME, dtype="float64")
