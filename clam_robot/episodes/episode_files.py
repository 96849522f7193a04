"""The files of one episode, written as it grows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clam_robot import config
from clam_robot.episodes import array_metadata, column_file, frame_file, schema
from clam_robot.episodes.attributes import EpisodeAttributes
from clam_robot.episodes.folders import replace_file
from clam_robot.episodes.row import Row
from clam_robot.specs import RobotSpec


class EpisodeFiles:
    """Writes rows into the folder of one episode, a block at a time.

    Frames go first and times last, so that what a kill leaves is whole up to the last time.

    Attributes:
        block_rows: rows that wait for each other; what a kill costs at most.
    """

    def __init__(self, folder: Path, spec: RobotSpec, *, jpeg_level: int = schema.JPEG_LEVEL) -> None:
        # Frames come a file for each block; vectors alone are rewritten with every block, so fewer blocks are better.
        self.block_rows = schema.SHARD_ROWS if spec.cameras else schema.CHUNK_ROWS
        self._folder = folder
        self._cameras = spec.cameras
        self._jpeg_level = jpeg_level
        self._columns = schema.columns(spec)
        self._num_rows = 0
        self._num_written = 0
        self._frames: dict[str, list[bytes]] = {camera: [] for camera in spec.cameras}
        self._chunk: list[Row] = []
        for group in (schema.IMAGES, schema.IMAGE_TIME) if spec.cameras else ():
            (folder / group).mkdir()
            array_metadata.write(folder / group, array_metadata.describe_group())
        for name in (*(column.name for column in self._columns), *map(schema.image_array, spec.cameras)):
            (folder / name).mkdir()

    def append(self, rows: Sequence[Row]) -> None:
        """Take rows; frames are encoded at once, files are written when a block is whole.

        Raises:
            OSError: the disk is full or gone.
        """
        for row in rows:
            for camera, frames in self._frames.items():
                frames.append(frame_file.encode_frame(row.frames[camera], self._jpeg_level))
            self._chunk.append(row.without_frames())
            self._num_rows += 1
            if self._num_rows % self.block_rows == 0:
                self._flush()

    def begin(self, attributes: EpisodeAttributes) -> None:
        """Write what is known before the first row.

        Raises:
            OSError: the disk is full or gone.
        """
        array_metadata.write(self._folder, array_metadata.describe_group(config.to_dict(attributes)))

    def finish(self, attributes: EpisodeAttributes) -> None:
        """Write the rows that wait, then the attributes.

        Raises:
            OSError: the disk is full or gone.
        """
        if self._num_rows > self._num_written or self._num_rows == 0:
            self._flush()
        self.begin(attributes)

    def _flush(self) -> None:
        for camera, frames in self._frames.items():
            folder = self._folder / schema.image_array(camera)
            shape = (self._num_rows, *self._cameras[camera].shape)
            if frames:
                name = frame_file.file_name((self._num_rows - 1) // schema.SHARD_ROWS)
                replace_file(folder / name, frame_file.encode_shard(frames))
                frames.clear()
            array_metadata.write(folder, frame_file.describe(shape, self._jpeg_level))
        for column in self._columns:
            folder = self._folder / column.name
            if self._chunk:
                values = np.stack([row.values[column.name] for row in self._chunk])
                name = column_file.file_name(column, (self._num_rows - 1) // schema.CHUNK_ROWS)
                replace_file(folder / name, column_file.encode_chunk(column, values))
            array_metadata.write(folder, column_file.describe(column, self._num_rows))
        if self._num_rows % schema.CHUNK_ROWS == 0:
            self._chunk = []
        self._num_written = self._num_rows
