"""Reads episodes, lazily."""

import itertools
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from clam_robot.episodes import attributes, column_file, damage, schema
from clam_robot.episodes.depth_frames import DepthFrames
from clam_robot.episodes.frames import Frames
from clam_robot.episodes.joint_samples import JointSamples
from clam_robot.episodes.row_frames import RowFrames
from clam_robot.specs import RobotSpec


class Episode:
    """One finished episode. Opening reads its attributes; each array is read when it is first asked for.

    Arrays have one row per control period, but for `frames`, `frame_depths`, `frame_times` and `joint_samples`, which
    come at the rates of their sources; `clam_robot.episodes.schema` says what they hold.

    Raises:
        UnknownSchema: written by a version this one does not read.
        DamagedEpisode: an attribute, array or chunk is missing or unreadable; says which and where.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._attributes = attributes.read(path)
        self._columns = {
            column.name: column
            for column in schema.columns(self._attributes.spec, version=self._attributes.schema_version)
        }

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
        damage.require_times(self.path, time)
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
    def achieved(self) -> Float32[np.ndarray, "T S"]:
        """Measured change of the state over each row's period, to be held against `action` and `action_requested`.

        NaN in the last row of each of `segments`, after which nothing was measured.
        """
        change = np.full_like(self.state, np.nan)
        for start, stop in self.segments:
            change[start : stop - 1] = np.diff(self.state[start:stop], axis=0)
        return change

    @cached_property
    def frame_index(self) -> Mapping[str, Int64[np.ndarray, "T"]]:
        """Which frame of each camera every row shows."""
        return {camera: self._frame_index(camera) for camera in self.spec.cameras}

    @cached_property
    def frame_times(self) -> Mapping[str, Float64[np.ndarray, "N"]]:
        """When each frame was captured [s], by camera; NaN where unknown."""
        return {
            camera: column_file.read(self.path, schema.image_time_column(camera), length)
            for camera, length in self._attributes.num_frames.items()
        }

    @cached_property
    def image_times(self) -> Mapping[str, Float64[np.ndarray, "T"]]:
        """When the frame that each row shows was captured [s], by camera; NaN where unknown."""
        return {camera: self.frame_times[camera][index] for camera, index in self.frame_index.items()}

    @cached_property
    def frames(self) -> Mapping[str, Frames]:
        """Every frame of each camera, at its own rate; each is read when it is indexed."""
        return {
            camera: Frames(self.path, camera, (self._attributes.num_frames[camera], *size.shape))
            for camera, size in self.spec.cameras.items()
        }

    @cached_property
    def images(self) -> Mapping[str, RowFrames]:
        """The frame that each row shows, by camera; each is read when it is indexed."""
        return {
            camera: RowFrames(frames, self.length, partial(self._frame_index, camera))
            for camera, frames in self.frames.items()
        }

    @cached_property
    def frame_depths(self) -> Mapping[str, DepthFrames]:
        """The depth of every frame, of the cameras that measured it; each is read when it is indexed."""
        return {
            camera: DepthFrames(
                self.path, camera, (self._attributes.num_frames[camera], *self.spec.cameras[camera].shape[:2]), unit
            )
            for camera, unit in self._attributes.depth_units.items()
        }

    @cached_property
    def depths(self) -> Mapping[str, RowFrames]:
        """The depth of the frame that each row shows, by camera; each is read when it is indexed."""
        return {
            camera: RowFrames(frames, self.length, partial(self._frame_index, camera))
            for camera, frames in self.frame_depths.items()
        }

    @cached_property
    def joint_samples(self) -> JointSamples | None:
        """The joints at the arm's own rate; None where they were not recorded."""
        names, length = self._attributes.joints, self._attributes.num_joint_samples
        if not names:
            return None
        position, velocity, effort, time = (
            column_file.read(self.path, column, length) for column in schema.joint_columns(len(names))
        )
        return JointSamples(names=names, time=time, position=position, velocity=velocity, effort=effort)

    @property
    def segments(self) -> list[tuple[int, int]]:
        """Runs of rows without a lost row in between: first row, and the one after the last."""
        bounds = [0, *self._attributes.recording.gaps, self.length]
        return [(start, stop) for start, stop in itertools.pairwise(bounds) if stop > start]

    def check(self) -> None:
        """Read everything once; `clam_robot.episodes.damage` goes on to find all that is wrong.

        Raises:
            DamagedEpisode: names what is missing or unreadable.
        """
        for error in damage.find(self.path, self._attributes):
            raise error

    def _frame_index(self, camera: str) -> np.ndarray:
        name, num_frames = schema.frame_index_array(camera), self._attributes.num_frames[camera]
        if name not in self._columns:
            return np.arange(self.length)
        index = self._read(name)
        damage.require_frames(self.path, name, index, num_frames)
        return index

    def _read(self, name: str) -> Any:  # noqa: ANN401 (the caller says dtype and shape)
        return column_file.read(self.path, self._columns[name], self.length)
