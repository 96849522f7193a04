"""Reads a `ReplayBuffer` of diffusion policy or UMI, ours or another's; a folder, or a `.zarr.zip`.

Arrays map back as `clam_robot.exchange.replay_buffer` says. Of what another program wrote:

| there | here |
|---|---|
| `data/action` | `action` and `action_requested` |
| uint8 (N, H, W, 3) | a camera of that name, without `_rgb` |
| `data/timestamp`, where there is one | `time`, and the time of the frames; otherwise rows at the rate that is given |
| every other array of numbers, in the order of their names | `state`, one behind the other |

UMI keeps no `action`: the policy's action is made of its poses, so such episodes come as unlabelled demonstrations.
Pictures that UMI packed as JPEG XL, or diffusion policy as JPEG 2000, are read too.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import zarr
from jaxtyping import UInt8
from zarr.storage import LocalStore, ZipStore

from clam_robot import config
from clam_robot.errors import ExchangeError
from clam_robot.exchange import picture_codecs, replay_buffer
from clam_robot.exchange.clip import Clip, unjudged
from clam_robot.exchange.extras import DatasetExtras, EpisodeExtras
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeStart

_BLOCK_ROWS = 16
_DESCRIPTION = "demo_start_pose", "demo_end_pose"


class ReplayBufferSource:
    """A replay buffer as clips.

    Args:
        root: folder or zip file.
        hz: rows per second, where the buffer does not say it itself.
        task: what was done, where the buffer does not say it itself.

    Raises:
        ExchangeError: not a replay buffer, or arrays of different lengths.
    """

    def __init__(self, root: Path, *, hz: float = 10.0, task: str = "") -> None:
        picture_codecs.register()
        self._root = root
        self._task = task
        group = _open(root)
        self._arrays = _arrays(group, "data")
        ends = _arrays(group, "meta").get(replay_buffer.EPISODE_ENDS)
        if ends is None:
            raise ExchangeError(f"{root}: expected an array meta/{replay_buffer.EPISODE_ENDS}, found none")
        self._ends = [int(end) for end in np.asarray(ends[:])]
        for name, array in self._arrays.items():
            if array.shape[0] != self._ends[-1]:
                raise ExchangeError(
                    f"{root}: data/{name}: expected {self._ends[-1]} rows as episode_ends says, found {array.shape[0]}"
                )
        found = group.attrs.get(replay_buffer.ATTRIBUTE)
        self._extras = None if found is None else config.from_dict(DatasetExtras, found, source=str(root))
        self._state = tuple(sorted(name for name, array in self._arrays.items() if self._is_state(name, array)))
        self.spec = self._spec(hz) if self._extras is None else self._extras.spec

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[Clip]:
        for number, end in enumerate(self._ends):
            rows = slice(self._ends[number - 1] if number else 0, end)
            yield self._foreign(rows) if self._extras is None else self._ours(rows, self._extras.episodes[number])

    def _is_state(self, name: str, array: zarr.Array[Any]) -> bool:
        is_known = name in {replay_buffer.ACTION, replay_buffer.TIMESTAMP}
        return not (is_known or name.endswith(_DESCRIPTION) or array.dtype == np.uint8)

    def _foreign(self, rows: slice) -> Clip:
        length = rows.stop - rows.start
        time = self._column(replay_buffer.TIMESTAMP, rows)
        if time is None:
            time = np.arange(length) / self.spec.control_hz
        action = self._column(replay_buffer.ACTION, rows)
        is_labeled = action is not None
        if action is None:
            action = np.full((length, len(self.spec.action)), np.nan)
        parts = [np.asarray(self._column(name, rows)).reshape(length, -1) for name in self._state]
        return Clip(
            start=EpisodeStart(spec=self.spec, task=self._task, source="imported", is_labeled=is_labeled),
            time=time.astype(np.float64),
            state=np.concatenate(parts, axis=1).astype(np.float32),
            action=action.astype(np.float32),
            action_requested=action.astype(np.float32),
            image_times=dict.fromkeys(self.spec.cameras, time.astype(np.float64)),
            frames=self._frames(rows),
            row_success=unjudged(length),
            episode_return=unjudged(length),
        )

    def _ours(self, rows: slice, extras: EpisodeExtras) -> Clip:
        def column(name: str) -> np.ndarray:
            found = self._column(name, rows)
            if found is None:
                raise ExchangeError(f"{self._root}: expected an array data/{name}, found none; export it again")
            return found

        is_labeled = column(replay_buffer.ACTION_LABELED)
        return Clip(
            start=EpisodeStart(
                spec=self.spec, task=extras.task, source=extras.source, seed=extras.seed, is_labeled=extras.is_labeled
            ),
            time=column(replay_buffer.TIMESTAMP),
            state=column(replay_buffer.STATE),
            action=np.where(is_labeled[:, None], column(replay_buffer.ACTION), np.float32(np.nan)),
            action_requested=column(replay_buffer.ACTION_REQUESTED),
            image_times={camera: column(f"{camera}_{replay_buffer.TIMESTAMP}") for camera in self.spec.cameras},
            frames=self._frames(rows),
            row_success=column(replay_buffer.SUCCESS),
            episode_return=column(replay_buffer.EPISODE_RETURN),
            success=extras.success,
            end=extras.end,
            calibration=extras.calibration,
            time_corrections=extras.time_corrections,
        )

    def _column(self, name: str, rows: slice) -> np.ndarray | None:
        array = self._arrays.get(name)
        return None if array is None else np.asarray(array[rows])

    def _frames(self, rows: slice) -> Iterator[Mapping[str, UInt8[np.ndarray, "H W 3"]]]:
        names = {camera: self._image_array(camera) for camera in self.spec.cameras}
        for start in range(rows.start, rows.stop, _BLOCK_ROWS):
            block = slice(start, min(start + _BLOCK_ROWS, rows.stop))
            frames = {camera: np.asarray(self._arrays[name][block]) for camera, name in names.items()}
            for row in range(block.stop - block.start):
                yield {camera: each[row] for camera, each in frames.items()}

    def _image_array(self, camera: str) -> str:
        name = camera + replay_buffer.IMAGE_SUFFIX
        return name if name in self._arrays else camera

    def _spec(self, hz: float) -> RobotSpec:
        if not self._state:
            raise ExchangeError(f"{self._root}: expected arrays of numbers in data, found {', '.join(self._arrays)}")
        action = self._arrays.get(replay_buffer.ACTION)
        cameras = {
            name.removesuffix(replay_buffer.IMAGE_SUFFIX): CameraSpec(height=array.shape[1], width=array.shape[2])
            for name, array in self._arrays.items()
            if array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] == 3
        }
        return RobotSpec(
            name="imported",
            state=_unbounded([(name, self._arrays[name]) for name in self._state]),
            action=_unbounded([] if action is None else [(replay_buffer.ACTION, action)]),
            cameras=cameras,
            control_hz=self._rate(hz),
        )

    def _rate(self, hz: float) -> float:
        time = self._column(replay_buffer.TIMESTAMP, slice(0, self._ends[0]))
        if time is None or len(time) < 2:
            return hz
        return round(float(1 / np.median(np.diff(time))), 3)


def _open(root: Path) -> zarr.Group:
    try:
        store = ZipStore(root, mode="r") if root.is_file() else LocalStore(root, read_only=True)
        return zarr.open_group(store=store, mode="r", zarr_format=2)
    except (OSError, ValueError, BadZipFile) as error:
        raise ExchangeError(
            f"{root} is no replay buffer: {error}; give a folder *.zarr or a file *.zarr.zip"
        ) from error


def _arrays(group: zarr.Group, name: str) -> dict[str, zarr.Array[Any]]:
    inner = group.get(name)
    if not isinstance(inner, zarr.Group):
        raise ExchangeError(
            f"{group.store_path}: expected a group {name}, found {', '.join(group.keys()) or 'nothing'}"
        )
    return dict(inner.arrays())


def _unbounded(arrays: list[tuple[str, zarr.Array[Any]]]) -> VectorSpec:
    names: list[str] = []
    for name, array in arrays:
        size = int(np.prod(array.shape[1:]))
        names += [name] if size == 1 else [f"{name}_{i}" for i in range(size)]
    n = len(names)
    return VectorSpec(names=tuple(names), units=("?",) * n, low=(-np.inf,) * n, high=(np.inf,) * n)
