"""Reads episodes, lazily."""

import itertools
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64

from clam_robot.episodes import attributes, column_file, schema
from clam_robot.episodes.frames import Frames
from clam_robot.errors import DamagedEpisode
from clam_robot.specs import RobotSpec


class Episode:
    """One finished episode. Opening reads its attributes; each array is read when it is first asked for.

    Every array has one row per control period; `clam_robot.episodes.schema` says what they hold.

    Raises:
        UnknownSchema: written by a version this one does not read.
        DamagedEpisode: an attribute, array or chunk is missing or unreadable; says which and where.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._attributes = attributes.read(path)
        self._columns = {column.name: column for column in schema.columns(self._attributes.spec)}

    def __len__(self) -> int:
        return self.length

    def __repr__(self) -> str:
        return f"Episode({str(self.path)!r}, length={self.length})"

    @property
    def spec(self) -> RobotSpec:
        """The robot."""
        return self._attributes.spec

    @property
    def task(self) -> str:
        """What was to be done."""
        return self._attributes.task

    @property
    def source(self) -> str:
        """Who acted."""
        return self._attributes.source

    @property
    def success(self) -> bool | None:
        """As judged by the world or a person; None when nobody knows."""
        return self._attributes.success

    @property
    def length(self) -> int:
        """Rows T."""
        return self._attributes.length

    @property
    def attributes(self) -> attributes.EpisodeAttributes:
        """All that is known of the episode as a whole."""
        return self._attributes

    @cached_property
    def time(self) -> Float64[np.ndarray, "T"]:
        """When each state was measured [s]."""
        time = self._read(schema.TIME)
        if not np.isfinite(time).all():
            row = int(np.argmin(np.isfinite(time)))
            raise DamagedEpisode(f"{self.path}: array {schema.TIME}: row {row} was never written; delete the episode")
        return time

    @cached_property
    def state(self) -> Float32[np.ndarray, "T S"]:
        """Measured state."""
        return self._read(schema.STATE)

    @cached_property
    def action(self) -> Float32[np.ndarray, "T A"]:
        """What was really sent; NaN where nothing was."""
        return self._read(schema.ACTION)

    @cached_property
    def action_requested(self) -> Float32[np.ndarray, "T A"]:
        """What the policy asked for; NaN where nothing was due."""
        return self._read(schema.ACTION_REQUESTED)

    @cached_property
    def action_labeled(self) -> Bool[np.ndarray, "T"]:
        """Whether `action` may be used as a label."""
        return self._read(schema.ACTION_LABELED)

    @cached_property
    def row_success(self) -> Float32[np.ndarray, "T"]:
        """1 or 0 after each row's action; NaN where nobody judges."""
        return self._read(schema.SUCCESS)

    @cached_property
    def episode_return(self) -> Float32[np.ndarray, "T"]:
        """Sum of rewards after each row's action; NaN where there are none."""
        return self._read(schema.EPISODE_RETURN)

    @cached_property
    def image_times(self) -> Mapping[str, Float64[np.ndarray, "T"]]:
        """When each frame was captured [s], by camera."""
        return {camera: self._read(schema.image_time_array(camera)) for camera in self.spec.cameras}

    @cached_property
    def images(self) -> Mapping[str, Frames]:
        """Frames by camera; each is read when it is indexed."""
        return {
            camera: Frames(self.path, camera, (self.length, *size.shape)) for camera, size in self.spec.cameras.items()
        }

    @property
    def segments(self) -> list[tuple[int, int]]:
        """Runs of rows without a lost row in between: first row, and the one after the last."""
        bounds = [0, *self._attributes.recording.gaps, self.length]
        return [(start, stop) for start, stop in itertools.pairwise(bounds) if stop > start]

    def check(self) -> None:
        """Read everything once.

        Raises:
            DamagedEpisode: names what is missing or unreadable.
        """
        _ = self.time
        for name in self._columns:
            self._read(name)
        for frames in self.images.values():
            for start in range(0, self.length, schema.SHARD_ROWS):
                _ = frames[start : start + schema.SHARD_ROWS]

    def _read(self, name: str) -> Any:  # noqa: ANN401 (the caller says dtype and shape)
        return column_file.read(self.path, self._columns[name], self.length)
