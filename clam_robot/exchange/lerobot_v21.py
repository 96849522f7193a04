"""Writes a LeRobot v2.1 data set: one Parquet file and one film per camera for each episode.

Which array becomes which feature is said in `clam_robot.exchange.lerobot_features`. The files:

    meta/info.json, meta/tasks.jsonl, meta/clam_robot.json
    meta/episodes.jsonl, meta/episodes_stats.jsonl
    data/chunk-000/episode_000000.parquet
    videos/chunk-000/<feature>/episode_000000.mp4
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.reader import Episode
from clam_robot.exchange import extras, lerobot_features, lerobot_statistics
from clam_robot.exchange.episode_frames import episode_frames
from clam_robot.exchange.extras import DatasetExtras, EpisodeExtras
from clam_robot.exchange.film_codec import FilmCodec
from clam_robot.exchange.film_writer import FilmWriter
from clam_robot.exchange.lerobot_statistics import FrameStatistics, Statistics
from clam_robot.exchange.progress import Progress, silent
from clam_robot.exchange.staging import staged

VERSION = "v2.1"
DATA = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
VIDEO = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
INFO = "meta/info.json"
TASKS = "meta/tasks.jsonl"
EPISODES = "meta/episodes.jsonl"
STATISTICS = "meta/episodes_stats.jsonl"
CHUNK_EPISODES = 1000
_STATISTICS = ("min", "max", "mean", "std", "count")


def export_lerobot_v21(
    dataset: EpisodeDataset,
    destination: Path,
    codec: FilmCodec | None = None,
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
    codec = codec or FilmCodec()
    features = lerobot_features.features_of(dataset.spec, codec)
    tasks: dict[str, int] = {}
    entries: list[dict[str, Any]] = []
    statistics: list[dict[str, Any]] = []
    known: list[EpisodeExtras] = []
    num_rows = 0
    with staged(destination, source=dataset.root, overwrite=overwrite) as root:
        (root / "meta").mkdir()
        for number, episode in enumerate(dataset):
            task = tasks.setdefault(episode.task, len(tasks))
            rows = lerobot_features.rows_of(episode, number=number, first=num_rows, task=task)
            place = {"episode_chunk": number // CHUNK_EPISODES, "episode_index": number}
            path = root / DATA.format(**place)
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(lerobot_features.table_of(rows, features), path, compression="snappy")
            found = lerobot_statistics.of_rows(rows)
            for camera in dataset.spec.cameras:
                key = lerobot_features.image_key(camera)
                found[key] = _write_film(episode, camera, root / VIDEO.format(video_key=key, **place), codec)
            entries.append({"episode_index": number, "tasks": [episode.task], "length": len(episode)})
            statistics.append({"episode_index": number, "stats": _without_quantiles(found)})
            known.append(EpisodeExtras.of(episode))
            num_rows += len(episode)
            progress(number + 1, len(dataset))
        info = {
            "codebase_version": VERSION,
            "robot_type": dataset.spec.name,
            "total_episodes": len(entries),
            "total_frames": num_rows,
            "total_tasks": len(tasks),
            "total_videos": len(entries) * len(dataset.spec.cameras),
            "total_chunks": -(-len(entries) // CHUNK_EPISODES),
            "chunks_size": CHUNK_EPISODES,
            "fps": lerobot_features.fps_of(dataset.spec),
            "splits": {"train": f"0:{len(entries)}"},
            "data_path": DATA,
            "video_path": VIDEO if dataset.spec.cameras else None,
            "features": features,
        }
        (root / INFO).write_text(json.dumps(info, indent=4))
        _write_lines(root / TASKS, ({"task_index": number, "task": task} for task, number in tasks.items()))
        _write_lines(root / EPISODES, entries)
        _write_lines(root / STATISTICS, statistics)
        extras.write(root, DatasetExtras(spec=dataset.spec, episodes=tuple(known)))
    return destination


def _write_film(episode: Episode, camera: str, path: Path, codec: FilmCodec) -> Statistics:
    statistics = FrameStatistics(len(episode))
    with FilmWriter(path, size=episode.spec.cameras[camera], hz=episode.spec.control_hz, codec=codec) as film:
        for frame in episode_frames(episode, camera):
            film.append(frame)
            statistics.add(frame)
    return statistics.result()


def _without_quantiles(found: dict[str, Statistics]) -> dict[str, Any]:
    kept = {key: {name: each[name] for name in _STATISTICS} for key, each in found.items()}
    return lerobot_statistics.as_json(kept)


def _write_lines(path: Path, entries: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries), encoding="utf-8")
