"""Writes a `ReplayBuffer`, the zarr 2 store of diffusion policy and UMI: all episodes one behind the other.

| here | there | type |
|---|---|---|
| `state` | `data/state` | float32 (N, S) |
| `action`, what was sent | `data/action` | float32 (N, A); where nothing was sent, the action before is repeated |
| `action_labeled` | `data/action_labeled` | bool (N,) |
| `action_requested` | `data/action_requested` | float32 (N, A); NaN where nothing was asked for |
| `images/<camera>` | `data/<camera>_rgb` | uint8 (N, H, W, 3), a frame a chunk |
| `time` | `data/timestamp` | float64 (N,) [s], on the robot's clock |
| `image_time/<camera>` | `data/<camera>_timestamp` | float64 (N,) [s] |
| `success`, `episode_return` | `data/success`, `data/episode_return` | float32 (N,); NaN where there is none |
| rows of each episode | `meta/episode_ends` | int64, running total |
| spec, task, source, ... | attribute `clam_robot` of the group | as `clam_robot.exchange.lerobot_extras` |

Everything is compressed with Blosc and zstd, which any zarr reads; pictures lose nothing.
"""

from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numcodecs import Blosc

from clam_robot import config
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.reader import Episode
from clam_robot.errors import ExchangeError
from clam_robot.exchange.action_filler import filled
from clam_robot.exchange.episode_frames import episode_blocks
from clam_robot.exchange.extras import DatasetExtras, EpisodeExtras
from clam_robot.exchange.progress import Progress, silent
from clam_robot.exchange.staging import staged

ATTRIBUTE = "clam_robot"
STATE = "state"
ACTION = "action"
ACTION_LABELED = "action_labeled"
ACTION_REQUESTED = "action_requested"
TIMESTAMP = "timestamp"
SUCCESS = "success"
EPISODE_RETURN = "episode_return"
EPISODE_ENDS = "episode_ends"
IMAGE_SUFFIX = "_rgb"
_CHUNK_BYTES = 2_000_000


def export_replay_buffer(
    dataset: EpisodeDataset, destination: Path, *, overwrite: bool = False, progress: Progress = silent
) -> Path:
    """Write every episode of one robot; returns `destination`, a folder that is best called *.zarr.

    Raises:
        EpisodeExists: something is at `destination` and may not be replaced.
        EpisodeError: an episode cannot be read, or is another robot's.
    """
    ends = np.cumsum([len(episode) for episode in dataset], dtype=np.int64)
    with staged(destination, source=dataset.root, overwrite=overwrite) as folder:
        root = zarr.open_group(store=str(folder), mode="w", zarr_format=2)
        data, meta = root.create_group("data"), root.create_group("meta")
        _create(meta, EPISODE_ENDS, ends)[:] = ends
        extras: list[EpisodeExtras] = []
        for number, episode in enumerate(dataset):
            rows = slice(int(ends[number]) - len(episode), int(ends[number]))
            for name, values in _columns(episode).items():
                array = data[name] if name in data else _create(data, name, values, int(ends[-1]))
                _fill(array, rows, values)
            for camera, size in episode.spec.cameras.items():
                name = camera + IMAGE_SUFFIX
                if name not in data:
                    _create(data, name, np.empty((1, *size.shape), np.uint8), int(ends[-1]), chunk=1)
                for start, frames in episode_blocks(episode, camera):
                    _fill(data[name], slice(rows.start + start, rows.start + start + len(frames)), frames)
            extras.append(EpisodeExtras.of(episode))
            progress(number + 1, len(dataset))
        described = DatasetExtras(spec=dataset.spec, episodes=tuple(extras))
        root.attrs[ATTRIBUTE] = config.to_dict(described)
    return destination


def _columns(episode: Episode) -> dict[str, np.ndarray]:
    columns = {
        STATE: episode.state,
        ACTION: filled(episode.action, episode.action_labeled),
        ACTION_LABELED: episode.action_labeled,
        ACTION_REQUESTED: episode.action_requested,
        TIMESTAMP: episode.time,
        SUCCESS: episode.row_success,
        EPISODE_RETURN: episode.episode_return,
    }
    return columns | {f"{camera}_{TIMESTAMP}": times for camera, times in episode.image_times.items()}


def _create(group: zarr.Group, name: str, like: np.ndarray, length: int | None = None, chunk: int | None = None) -> Any:  # noqa: ANN401
    length = len(like) if length is None else length
    row_bytes = max(1, int(np.prod(like.shape[1:])) * like.dtype.itemsize)
    return group.create_array(
        name=name,
        shape=(length, *like.shape[1:]),
        chunks=(min(length, chunk or max(1, _CHUNK_BYTES // row_bytes)), *like.shape[1:]),
        dtype=like.dtype,
        compressors=Blosc(cname="zstd", clevel=5, shuffle=Blosc.BITSHUFFLE),
        config={"write_empty_chunks": True},
    )


def _fill(array: object, rows: slice, values: np.ndarray) -> None:
    if not isinstance(array, zarr.Array):
        raise ExchangeError(f"expected an array, found {array!r}")
    array[rows] = values
