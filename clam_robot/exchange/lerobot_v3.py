"""Writes a LeRobot v3.0 data set: many episodes to a file, rows in Parquet, pictures in MP4.

Which array becomes which feature is said in `clam_robot.exchange.lerobot_features`. The files:

    meta/info.json, meta/stats.json, meta/tasks.parquet, meta/clam_robot.json
    meta/episodes/chunk-000/file-000.parquet      where each episode's rows and frames stand, and its statistics
    data/chunk-000/file-000.parquet               rows, an episode never in two files
    videos/<feature>/chunk-000/file-000.mp4       frames of many episodes, one behind the other
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clam_robot import config
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.reader import Episode
from clam_robot.exchange import extras, lerobot_features, lerobot_statistics, lerobot_tasks
from clam_robot.exchange.episode_frames import episode_frames
from clam_robot.exchange.extras import DatasetExtras, EpisodeExtras
from clam_robot.exchange.film_codec import FilmCodec
from clam_robot.exchange.film_writer import FilmWriter
from clam_robot.exchange.lerobot_statistics import FrameStatistics, Statistics
from clam_robot.exchange.progress import Progress, silent
from clam_robot.exchange.staging import staged

VERSION = "v3.0"
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
TASKS = "meta/tasks.parquet"
INFO = "meta/info.json"
STATISTICS = "meta/stats.json"
CHUNK_FILES = 1000
_MB = 1024**2


@dataclass(frozen=True, kw_only=True)
class LeRobotV3Config(config.Strict):
    """How a v3.0 data set is cut and encoded.

    Attributes:
        codec: of the films.
        data_file_mb: a file of rows that is larger gets no further episode [MB].
        video_file_mb: a film that is larger gets no further episode [MB].
    """

    codec: FilmCodec = field(default_factory=FilmCodec)
    data_file_mb: float = 100
    video_file_mb: float = 200


def export_lerobot_v3(
    dataset: EpisodeDataset,
    destination: Path,
    configuration: LeRobotV3Config | None = None,
    *,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write every episode of one robot; returns `destination`.

    Raises:
        EpisodeExists: something is at `destination` and may not be replaced.
        ConfigError: the codec cannot hold a camera's pictures.
        EpisodeError: an episode cannot be read, or is another robot's.
    """
    with staged(destination, source=dataset.root, overwrite=overwrite) as root:
        export = _Export(root, dataset, configuration or LeRobotV3Config())
        try:
            for done, episode in enumerate(dataset):
                export.add(episode)
                progress(done + 1, len(dataset))
        finally:
            export.close()
        export.describe()
    return destination


class _Numbered:
    """Chunk and file that are written now."""

    def __init__(self) -> None:
        self.number = 0

    @property
    def indices(self) -> dict[str, int]:
        chunk, file = divmod(self.number, CHUNK_FILES)
        return {"chunk_index": chunk, "file_index": file}


class _Export:
    def __init__(self, root: Path, dataset: EpisodeDataset, configuration: LeRobotV3Config) -> None:
        self._root = root
        self._config = configuration
        self._spec = dataset.spec
        self._features = lerobot_features.features_of(self._spec, configuration.codec)
        self._data = _Numbered()
        self._table: pq.ParquetWriter | None = None
        self._films = {camera: _Numbered() for camera in self._spec.cameras}
        self._open: dict[str, FilmWriter] = {}
        self._tasks: dict[str, int] = {}
        self._episodes: list[dict[str, Any]] = []
        self._statistics: list[dict[str, Statistics]] = []
        self._extras: list[EpisodeExtras] = []
        self._num_rows = 0
        (root / "meta").mkdir()

    def add(self, episode: Episode) -> None:
        number = len(self._episodes)
        task = self._tasks.setdefault(episode.task, len(self._tasks))
        rows = lerobot_features.rows_of(episode, number=number, first=self._num_rows, task=task)
        statistics = lerobot_statistics.of_rows(rows)
        entry: dict[str, Any] = {
            "episode_index": number,
            "tasks": [episode.task],
            "length": len(episode),
            "dataset_from_index": self._num_rows,
            "dataset_to_index": self._num_rows + len(episode),
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
        }
        table = lerobot_features.table_of(rows, self._features)
        entry |= {f"data/{name}": index for name, index in self._write_rows(table).items()}
        for camera in self._spec.cameras:
            place, statistics[lerobot_features.image_key(camera)] = self._write_film(episode, camera)
            entry |= {f"videos/{lerobot_features.image_key(camera)}/{name}": value for name, value in place.items()}
        self._episodes.append(entry)
        self._statistics.append(statistics)
        self._extras.append(EpisodeExtras.of(episode))
        self._num_rows += len(episode)

    def _write_rows(self, table: pa.Table) -> dict[str, int]:
        if self._table is None:
            path = self._root / DATA.format(**self._data.indices)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._table = pq.ParquetWriter(path, table.schema, compression="snappy")
        indices = self._data.indices
        self._table.write_table(table)
        if (self._root / DATA.format(**indices)).stat().st_size >= self._config.data_file_mb * _MB:
            self._table.close()
            self._table = None
            self._data.number += 1
        return indices

    def _write_film(self, episode: Episode, camera: str) -> tuple[dict[str, Any], Statistics]:
        key, size = lerobot_features.image_key(camera), self._spec.cameras[camera]
        numbered = self._films[camera]
        indices = numbered.indices
        if camera not in self._open:
            path = self._root / VIDEO.format(video_key=key, **indices)
            self._open[camera] = FilmWriter(path, size=size, hz=self._spec.control_hz, codec=self._config.codec)
        film = self._open[camera]
        first = film.num_frames
        statistics = FrameStatistics(len(episode))
        for frame in episode_frames(episode, camera):
            film.append(frame)
            statistics.add(frame)
        hz = self._spec.control_hz
        place = indices | {"from_timestamp": first / hz, "to_timestamp": film.num_frames / hz}
        if film.num_bytes >= self._config.video_file_mb * _MB:
            self._open.pop(camera).close()
            numbered.number += 1
        return place, statistics.result()

    def close(self) -> None:
        if self._table is not None:
            self._table.close()
        for film in self._open.values():
            film.close()

    def describe(self) -> None:
        info = {
            "codebase_version": VERSION,
            "robot_type": self._spec.name,
            "total_episodes": len(self._episodes),
            "total_frames": self._num_rows,
            "total_tasks": len(self._tasks),
            "chunks_size": CHUNK_FILES,
            "data_files_size_in_mb": self._config.data_file_mb,
            "video_files_size_in_mb": self._config.video_file_mb,
            "fps": lerobot_features.fps_of(self._spec),
            "splits": {"train": f"0:{len(self._episodes)}"},
            "data_path": DATA,
            "video_path": VIDEO if self._films else None,
            "features": self._features,
        }
        (self._root / INFO).write_text(json.dumps(info, indent=4))
        total = lerobot_statistics.merged(self._statistics)
        (self._root / STATISTICS).write_text(json.dumps(lerobot_statistics.as_json(total), indent=4))
        lerobot_tasks.write(self._root / TASKS, tuple(self._tasks))
        for entry, statistics in zip(self._episodes, self._statistics, strict=True):
            for key, each in lerobot_statistics.as_json(statistics).items():
                entry |= {f"stats/{key}/{name}": value for name, value in each.items()}
        path = self._root / EPISODES.format(chunk_index=0, file_index=0)
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(self._episodes), path, compression="snappy")
        extras.write(self._root, DatasetExtras(spec=self._spec, episodes=tuple(self._extras)))
