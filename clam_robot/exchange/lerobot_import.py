"""Reads a LeRobot data set, v3.0 or v2.1, ours or another's.

Features map back as `clam_robot.exchange.lerobot_features` says. Of what another program wrote:

| there | here |
|---|---|
| `observation.state`, and `observation.environment_state` behind it | `state` |
| `action` | `action` and `action_requested`; rows that are not finite have no label |
| every feature of type video or image | a camera of that name, without `observation.images.` |
| `timestamp` | `time`, and the time of the frames |
| `next.success`, where there is one | `success` of rows, and the last one of the episode |
| `task_index` | the task |
| `robot_type` | name of the robot; bounds are infinite, and units "?", as nobody wrote them down |
"""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import UInt8

from clam_robot.errors import ExchangeError
from clam_robot.exchange import extras as kept
from clam_robot.exchange import lerobot_features as features
from clam_robot.exchange.clip import Clip, unjudged
from clam_robot.exchange.extras import EpisodeExtras
from clam_robot.exchange.film_reader import read_film
from clam_robot.exchange.lerobot_layout import EpisodePlace, LeRobotLayout, read_layout
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeStart

_ENVIRONMENT = "observation.environment_state"


class LeRobotSource:
    """A LeRobot data set as clips.

    Raises:
        ExchangeError: it is not whole, or of a version that is not read.
    """

    def __init__(self, root: Path) -> None:
        self._layout = read_layout(root)
        extras = kept.read(root)
        self.spec = _spec(self._layout) if extras is None else extras.spec
        self._extras = None if extras is None else extras.episodes
        self._file: tuple[Path, pa.Table] | None = None

    def __len__(self) -> int:
        return len(self._layout.episodes)

    def __iter__(self) -> Iterator[Clip]:
        for index, place in enumerate(self._layout.episodes):
            rows = self._rows(place)
            clip = self._foreign(place, rows)
            yield clip if self._extras is None else _ours(clip, rows, self._extras[index])

    def _rows(self, place: EpisodePlace) -> dict[str, pa.ChunkedArray]:
        try:
            if self._file is None or self._file[0] != place.rows:
                self._file = (place.rows, pq.read_table(place.rows))
        except (OSError, pa.ArrowException) as error:
            raise ExchangeError(f"{place.rows} cannot be read: {error}; restore it from a copy") from error
        table = self._file[1].filter(pc.field(features.EPISODE_INDEX) == place.number)
        if not table.num_rows:
            raise ExchangeError(f"{place.rows}: expected rows of episode {place.number}, found none")
        return {name: table[name] for name in table.column_names}

    def _foreign(self, place: EpisodePlace, rows: Mapping[str, pa.ChunkedArray]) -> Clip:
        state = [_vectors(rows[key]) for key in (features.STATE, _ENVIRONMENT) if key in rows]
        action = _vectors(rows[features.ACTION])
        time = np.array(rows[features.TIMESTAMP].to_pylist(), np.float64)
        if features.SUCCESS in rows:
            row_success = np.array(rows[features.SUCCESS].to_pylist(), np.float32)
        else:
            row_success = unjudged(len(time))
        last = row_success[-1]
        return Clip(
            start=EpisodeStart(
                spec=self.spec, task=self._layout.tasks[rows[features.TASK_INDEX][0].as_py()], source="imported"
            ),
            time=time,
            state=np.concatenate(state, axis=1),
            action=action,
            action_requested=action,
            image_times=dict.fromkeys(self.spec.cameras, time),
            frames=self._frames(place, rows),
            row_success=row_success,
            episode_return=unjudged(len(time)),
            success=None if np.isnan(last) else bool(last),
        )

    def _frames(
        self, place: EpisodePlace, rows: Mapping[str, pa.ChunkedArray]
    ) -> Iterator[Mapping[str, UInt8[np.ndarray, "H W 3"]]]:
        sources: dict[str, Iterator[np.ndarray]] = {}
        for key, feature in self._layout.features.items():
            if feature["dtype"] == "video":
                film = place.films[key]
                sources[_camera(key)] = (frame for _, frame in read_film(film.path, start=film.start, stop=film.stop))
            elif feature["dtype"] == "image":
                sources[_camera(key)] = _pictures(rows[key], self._layout.root)
        for frames in zip(*sources.values(), strict=False):
            yield dict(zip(sources, frames, strict=True))


def _ours(clip: Clip, rows: Mapping[str, pa.ChunkedArray], extras: EpisodeExtras) -> Clip:
    def column(key: str, dtype: type) -> np.ndarray:
        return np.array(rows[key].to_pylist(), dtype)

    is_labeled = column(features.ACTION_LABELED, bool)
    return dataclasses.replace(
        clip,
        start=EpisodeStart(
            spec=clip.spec, task=extras.task, source=extras.source, seed=extras.seed, is_labeled=extras.is_labeled
        ),
        time=column(features.CAPTURE_TIME, np.float64) + extras.origin,
        action=np.where(is_labeled[:, None], clip.action, np.float32(np.nan)),
        action_requested=_vectors(rows[features.ACTION_REQUESTED]),
        image_times={
            camera: column(features.capture_time_key(camera), np.float64) + extras.origin
            for camera in clip.spec.cameras
        },
        episode_return=column(features.RETURN, np.float32),
        success=extras.success,
        end=extras.end,
        calibration=extras.calibration,
        time_corrections=extras.time_corrections,
    )


def _vectors(column: pa.ChunkedArray) -> np.ndarray:
    values = np.array(column.to_pylist(), np.float32)
    return values.reshape(len(values), -1)


def _pictures(column: pa.ChunkedArray, root: Path) -> Iterator[np.ndarray]:
    for cell in column:
        picture = cell.as_py()
        data = picture["bytes"] or (root / picture["path"]).read_bytes()
        yield np.ascontiguousarray(imagecodecs.imread(data)[..., :3])


def _camera(key: str) -> str:
    return key.removeprefix(features.IMAGES)


def _spec(layout: LeRobotLayout) -> RobotSpec:
    described = layout.features
    for key in (features.STATE, features.ACTION, features.TIMESTAMP):
        if key not in described:
            raise ExchangeError(f"{layout.root}: expected a feature {key}, found {', '.join(described)}")
    state = [_entries(key, described[key]) for key in (features.STATE, _ENVIRONMENT) if key in described]
    cameras = {
        _camera(key): _size(feature) for key, feature in described.items() if feature["dtype"] in {"video", "image"}
    }
    return RobotSpec(
        name=str(layout.info.get("robot_type") or "unknown"),
        state=_unbounded(tuple(name for names in state for name in names)),
        action=_unbounded(_entries(features.ACTION, described[features.ACTION])),
        cameras=cameras,
        control_hz=float(layout.info["fps"]),
    )


def _entries(key: str, feature: dict[str, Any]) -> tuple[str, ...]:
    names = feature.get("names")
    if isinstance(names, dict):
        (names,) = names.values() if len(names) == 1 else (None,)
    size = int(np.prod(feature["shape"]))
    if isinstance(names, list) and len(set(names)) == size:
        return tuple(str(name) for name in names)
    return tuple(f"{key.rpartition('.')[2]}_{i}" for i in range(size))


def _unbounded(names: tuple[str, ...]) -> VectorSpec:
    n = len(names)
    return VectorSpec(names=names, units=("?",) * n, low=(-np.inf,) * n, high=(np.inf,) * n)


def _size(feature: dict[str, Any]) -> CameraSpec:
    shape = tuple(feature["shape"])
    names = feature.get("names") or ()
    if shape[-1] != 3 or (names and names[0] in {"channel", "channels"}):
        shape = (*shape[1:], shape[0])
    return CameraSpec(height=shape[0], width=shape[1])
