"""Where the rows and frames of each episode stand in a LeRobot data set, whatever its version."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clam_robot.errors import ExchangeError
from clam_robot.exchange import lerobot_tasks

INFO = Path("meta/info.json")


@dataclass(frozen=True, kw_only=True)
class FilmPlace:
    """A stretch of a film [s]; to its end where `stop` is None."""

    path: Path
    start: float = 0.0
    stop: float | None = None


@dataclass(frozen=True, kw_only=True)
class EpisodePlace:
    """Where an episode stands.

    Attributes:
        number: of the episode.
        rows: Parquet file, which may hold other episodes too.
        films: by feature.
    """

    number: int
    rows: Path
    films: Mapping[str, FilmPlace]


@dataclass(frozen=True, kw_only=True)
class LeRobotLayout:
    """A data set's descriptions.

    Attributes:
        root: the folder.
        info: info.json.
        tasks: by number.
        episodes: in order.
    """

    root: Path
    info: dict[str, Any]
    tasks: Mapping[int, str]
    episodes: tuple[EpisodePlace, ...]

    @property
    def features(self) -> dict[str, dict[str, Any]]:
        """As info.json has them."""
        return self.info["features"]


def read_layout(root: Path) -> LeRobotLayout:
    """Read the descriptions below `root`.

    Raises:
        ExchangeError: they are missing, incomplete, or of a version that is not read.
    """
    path = root / INFO
    try:
        info = json.loads(path.read_text())
        version = str(info["codebase_version"])
        videos = [key for key, feature in info["features"].items() if feature["dtype"] == "video"]
        if version.startswith("v3."):
            tasks, episodes = lerobot_tasks.read(root / "meta/tasks.parquet"), tuple(_v3(root, info, videos))
        elif version in {"v2.0", "v2.1"}:
            lines = _lines(root / "meta/tasks.jsonl")
            tasks = {line["task_index"]: line["task"] for line in lines}
            episodes = tuple(_v2(root, info, videos))
        else:
            raise ExchangeError(
                f"{root}: expected LeRobot v2.0, v2.1 or v3.x, found {version}; convert it with LeRobot"
            )
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        if isinstance(error, ExchangeError):
            raise
        raise ExchangeError(
            f"{root} is not a whole LeRobot data set: {error!r}; give the folder above meta/"
        ) from error
    return LeRobotLayout(root=root, info=info, tasks=tasks, episodes=episodes)


def _v3(root: Path, info: dict[str, Any], videos: list[str]) -> Iterator[EpisodePlace]:
    for file in sorted((root / "meta/episodes").glob("*/*.parquet")):
        names = [name for name in pq.read_schema(file).names if not name.startswith("stats/")]
        for entry in pq.read_table(file, columns=names).to_pylist():
            films = {
                key: FilmPlace(
                    path=root / info["video_path"].format(video_key=key, **_indices(entry, f"videos/{key}")),
                    start=entry[f"videos/{key}/from_timestamp"],
                    stop=entry[f"videos/{key}/to_timestamp"],
                )
                for key in videos
            }
            rows = root / info["data_path"].format(**_indices(entry, "data"))
            yield EpisodePlace(number=entry["episode_index"], rows=rows, films=films)


def _indices(entry: dict[str, Any], what: str) -> dict[str, int]:
    return {name: entry[f"{what}/{name}"] for name in ("chunk_index", "file_index")}


def _v2(root: Path, info: dict[str, Any], videos: list[str]) -> Iterator[EpisodePlace]:
    for entry in _lines(root / "meta/episodes.jsonl"):
        number = entry["episode_index"]
        place = {"episode_chunk": number // info["chunks_size"], "episode_index": number}
        films = {key: FilmPlace(path=root / info["video_path"].format(video_key=key, **place)) for key in videos}
        yield EpisodePlace(number=number, rows=root / info["data_path"].format(**place), films=films)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
