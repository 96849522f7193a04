"""Reads a folder of films as unlabelled demonstrations, one episode of one camera each.

| there | here |
|---|---|
| a film that FFmpeg reads (.mp4, .mkv, .mov, .webm, .avi) | an episode; the folder's name is the task |
| the picture that is shown at k / `hz` | frame of row k, cut to the camera's shape around the middle, then scaled |
| k / `hz` | `time` [s] |
| when that picture began to be shown, by the container | `image_time/<camera>` [s] |
| nothing | `state` is zero, as nobody measured it: learn from the pictures alone |
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from clam_robot import config
from clam_robot.errors import ConfigError, ExchangeError
from clam_robot.exchange.clip import Clip, unjudged
from clam_robot.exchange.film_reader import film_times, read_film
from clam_robot.exchange.picture_size import fitted
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeStart

SUFFIXES = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v")


@dataclass(frozen=True, kw_only=True)
class FilmFolderConfig(config.Strict):
    """How films become episodes.

    Attributes:
        camera: what the camera is called.
        height: of the frames [pixels].
        width: of the frames [pixels].
        hz: rows per second.
        task: what was done; the folder's name by default.
    """

    camera: str = "front"
    height: int = 224
    width: int = 224
    hz: float = 10.0
    task: str | None = None


class FilmFolderSource:
    """Films as clips, in the order of their names.

    Args:
        root: folder of films, or one film.
        configuration: how they are cut.
        spec: of a robot whose demonstrations these are to be: its state and action, its rate, and the size of the
            camera of the given name; without one there is a state of one entry and no known action.

    Raises:
        ExchangeError: no film.
        ConfigError: the robot has no such camera.
    """

    def __init__(
        self, root: Path, configuration: FilmFolderConfig | None = None, spec: RobotSpec | None = None
    ) -> None:
        self._config = configuration = configuration or FilmFolderConfig()
        if not configuration.hz > 0:
            raise ConfigError(f"hz: expected a positive rate, found {configuration.hz}")
        films = [root] if root.is_file() else sorted(root.rglob("*"))
        self._films = [path for path in films if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
        if not self._films:
            raise ExchangeError(f"expected films ({', '.join(SUFFIXES)}) in {root}, found none")
        if spec is not None and set(spec.cameras) != {configuration.camera}:
            raise ConfigError(
                f"camera: expected the name of the one camera of {spec.name}, found {configuration.camera!r}; "
                f"it has {', '.join(spec.cameras) or 'none'}"
            )
        self.spec = spec or _spec(configuration)

    def __len__(self) -> int:
        return len(self._films)

    def __iter__(self) -> Iterator[Clip]:
        for path in self._films:
            yield self._clip(path)

    def _clip(self, path: Path) -> Clip:
        shown = film_times(path)
        # Containers round their times; a picture that begins a rounding error late is meant.
        time = (
            shown[0] + np.arange(int((shown[-1] - shown[0]) * self.spec.control_hz + 1e-6) + 1) / self.spec.control_hz
        )
        chosen = np.searchsorted(shown, time + 1e-3, side="right") - 1
        missing = np.full((len(time), len(self.spec.action)), np.nan, np.float32)
        return Clip(
            start=EpisodeStart(
                spec=self.spec, task=self._config.task or path.resolve().parent.name, source="film", is_labeled=False
            ),
            time=time,
            state=np.zeros((len(time), len(self.spec.state)), np.float32),
            action=missing,
            action_requested=missing,
            image_times={self._config.camera: shown[chosen]},
            frames=self._frames(path, chosen),
            row_success=unjudged(len(time)),
            episode_return=unjudged(len(time)),
        )

    def _frames(self, path: Path, chosen: np.ndarray) -> Iterator[Mapping[str, UInt8[np.ndarray, "H W 3"]]]:
        size = self.spec.cameras[self._config.camera]
        counts = np.bincount(chosen)
        for count, (_, frame) in zip(counts, read_film(path), strict=False):
            if count:
                picture = fitted(frame, size)
                for _ in range(count):
                    yield {self._config.camera: picture}


def _spec(configuration: FilmFolderConfig) -> RobotSpec:
    nothing = VectorSpec(names=("unknown",), units=("?",), low=(-np.inf,), high=(np.inf,))
    return RobotSpec(
        name="film",
        state=nothing,
        action=nothing,
        control_hz=configuration.hz,
        cameras={configuration.camera: CameraSpec(height=configuration.height, width=configuration.width)},
    )
