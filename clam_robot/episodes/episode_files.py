"""The files of one episode, written block by block."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import Crc32cCodec

from clam_robot import config
from clam_robot.episodes import codec, column_file, schema
from clam_robot.episodes.attributes import EpisodeAttributes
from clam_robot.episodes.row import Row
from clam_robot.specs import RobotSpec


class EpisodeFiles:
    """Writes rows into the folder of one episode.

    Frames go first and times last, so that what a kill leaves is whole up to the last time.
    """

    def __init__(self, folder: Path, spec: RobotSpec, *, jpeg_level: int = 90) -> None:
        self._folder = folder
        self._columns = schema.columns(spec)
        self._num_rows = 0
        self._chunk: list[Row] = []
        for group in (schema.IMAGES, schema.IMAGE_TIME) if spec.cameras else ():
            (folder / group).mkdir()
            column_file.write_metadata(folder / group, _group())
        self._frames = {
            camera: self._frame_array(camera, size.shape, jpeg_level) for camera, size in spec.cameras.items()
        }
        for column in self._columns:
            (folder / column.name).mkdir()

    def write(self, rows: Sequence[Row]) -> None:
        """Append a block; a multiple of SHARD_ROWS rows but for the last.

        Raises:
            OSError: the disk is full or gone.
        """
        start, stop = self._num_rows, self._num_rows + len(rows)
        for camera, array in self._frames.items():
            array.resize((stop, *array.shape[1:]))
            if rows:
                array[start:stop] = np.stack([row.frames[camera] for row in rows])
        while True:
            room = schema.CHUNK_ROWS - self._num_rows % schema.CHUNK_ROWS
            self._write_columns(rows[:room])
            rows = rows[room:]
            if not rows:
                break

    def finish(self, attributes: EpisodeAttributes) -> None:
        """Write the attributes, after the last block.

        Raises:
            OSError: the disk is full or gone.
        """
        column_file.write_metadata(self._folder, _group(config.to_dict(attributes)))

    def _write_columns(self, rows: Sequence[Row]) -> None:
        if self._num_rows % schema.CHUNK_ROWS == 0:
            self._chunk = []
        chunk = self._num_rows // schema.CHUNK_ROWS
        self._chunk.extend(rows)
        self._num_rows += len(rows)
        for column in self._columns:
            folder = self._folder / column.name
            column_file.write_metadata(folder, column_file.metadata(column, self._num_rows))
            if self._chunk:
                values = np.stack([row.values[column.name] for row in self._chunk])
                path = folder / column_file.chunk_name(column, chunk)
                column_file.write_file(path, column_file.encode_chunk(column, values))

    def _frame_array(self, camera: str, shape: tuple[int, int, int], jpeg_level: int) -> Any:  # noqa: ANN401 (zarr.Array)
        return zarr.create_array(
            str(self._folder),
            name=schema.image_array(camera),
            shape=(0, *shape),
            chunks=(1, *shape),
            shards=(schema.SHARD_ROWS, *shape),
            dtype="uint8",
            serializer=codec.JpegCodec(level=jpeg_level),
            compressors=Crc32cCodec(),
            chunk_key_encoding={"name": "default", "separator": "."},
            # Otherwise zarr compares every frame with the fill value, which costs more than encoding it.
            config={"write_empty_chunks": True},
        )


def _group(attributes: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"attributes": attributes or {}, "zarr_format": 3, "node_type": "group"}
