"""What an episode's arrays are called in a LeRobot data set.

| here | there | type |
|---|---|---|
| `state` | `observation.state` | float32 (S,), names from the spec |
| `action`, what was sent | `action` | float32 (A,); where nothing was sent, the action before is repeated |
| `action_labeled` | `action_labeled` | bool; False where `action` is such a filler |
| `action_requested` | `action_requested` | float32 (A,); NaN where nothing was asked for |
| `images/<camera>` | `observation.images.<camera>` | video |
| `time` | `observation.capture_time` | float64 [s] since `origin`, of each state |
| `image_time/<camera>` | `observation.capture_time.<camera>` | float64 [s] since `origin`, of each frame |
| `success` | `next.success` | float32; 1, 0, or NaN where nobody judged |
| `episode_return` | `next.return` | float32; NaN where there are no rewards |
| row | `frame_index`, and `timestamp` = row / fps | int64, float32 [s] |
| task | `task_index` | int64 |
| spec, source, seed, success, end, calibration, ... | `meta/clam_robot.json` | see `clam_robot.exchange.extras` |

LeRobot checks `timestamp` against its fps and refuses real stamps that wander, so those stand in features of their
own. Its loader hands them out as float32, which holds microseconds only near zero: they count from `origin`, the whole
second before the first row.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from clam_robot.episodes.reader import Episode
from clam_robot.exchange.action_filler import filled
from clam_robot.exchange.extras import origin_of
from clam_robot.exchange.film_codec import FilmCodec
from clam_robot.specs import RobotSpec

STATE = "observation.state"
ACTION = "action"
ACTION_REQUESTED = "action_requested"
ACTION_LABELED = "action_labeled"
CAPTURE_TIME = "observation.capture_time"
SUCCESS = "next.success"
RETURN = "next.return"
IMAGES = "observation.images."
TIMESTAMP = "timestamp"
FRAME_INDEX = "frame_index"
EPISODE_INDEX = "episode_index"
INDEX = "index"
TASK_INDEX = "task_index"

_ARROW = {"float32": pa.float32(), "float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}


def image_key(camera: str) -> str:
    """Feature of a camera's frames."""
    return IMAGES + camera


def capture_time_key(camera: str) -> str:
    """Feature of a camera's capture times."""
    return f"{CAPTURE_TIME}.{camera}"


def fps_of(spec: RobotSpec) -> int | float:
    """Frames per second; whole where it is."""
    return int(spec.control_hz) if float(spec.control_hz).is_integer() else spec.control_hz


def features_of(spec: RobotSpec, codec: FilmCodec) -> dict[str, dict[str, Any]]:
    """The `features` of info.json."""
    found: dict[str, dict[str, Any]] = {
        STATE: _feature("float32", len(spec.state), list(spec.state.names)),
        ACTION: _feature("float32", len(spec.action), list(spec.action.names)),
        ACTION_REQUESTED: _feature("float32", len(spec.action), list(spec.action.names)),
        ACTION_LABELED: _feature("bool"),
        SUCCESS: _feature("float32"),
        RETURN: _feature("float32"),
        CAPTURE_TIME: _feature("float64"),
    }
    for camera, size in spec.cameras.items():
        found[capture_time_key(camera)] = _feature("float64")
        found[image_key(camera)] = {
            "dtype": "video",
            "shape": list(size.shape),
            "names": ["height", "width", "channels"],
            "info": {
                "video.height": size.height,
                "video.width": size.width,
                "video.codec": codec.name,
                "video.pix_fmt": codec.pixel_format(size),
                "video.is_depth_map": False,
                "video.fps": fps_of(spec),
                "video.channels": 3,
                "has_audio": False,
            },
        }
    found[TIMESTAMP] = _feature("float32")
    found |= {key: _feature("int64") for key in (FRAME_INDEX, EPISODE_INDEX, INDEX, TASK_INDEX)}
    return found


def _feature(dtype: str, size: int = 1, names: list[str] | None = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [size], "names": names}


def rows_of(episode: Episode, *, number: int, first: int, task: int) -> dict[str, np.ndarray]:
    """Every feature but the videos, a row per frame.

    Args:
        episode: whose.
        number: of the episode.
        first: rows of all episodes before.
        task: number of its task.
    """
    count, origin = np.arange(len(episode)), origin_of(episode)
    rows = {
        STATE: episode.state,
        ACTION: filled(episode.action, episode.action_labeled),
        ACTION_REQUESTED: episode.action_requested,
        ACTION_LABELED: episode.action_labeled,
        SUCCESS: episode.row_success,
        RETURN: episode.episode_return,
        CAPTURE_TIME: episode.time - origin,
    }
    for camera, times in episode.image_times.items():
        rows[capture_time_key(camera)] = times - origin
    return rows | {
        TIMESTAMP: (count / episode.spec.control_hz).astype(np.float32),
        FRAME_INDEX: count,
        EPISODE_INDEX: np.full(len(episode), number),
        INDEX: first + count,
        TASK_INDEX: np.full(len(episode), task),
    }


def table_of(rows: dict[str, np.ndarray], features: dict[str, dict[str, Any]]) -> pa.Table:
    """The same as an Arrow table: vectors as lists of fixed size, single numbers as scalars."""
    arrays: dict[str, pa.Array] = {}
    for key, feature in features.items():
        if feature["dtype"] == "video":
            continue
        kind, size = _ARROW[feature["dtype"]], feature["shape"][0]
        values = pa.array(np.ascontiguousarray(rows[key]).ravel(), type=kind)
        arrays[key] = values if size == 1 else pa.FixedSizeListArray.from_arrays(values, size)
    return pa.table(arrays)
