"""The description of a zarr 3 group or array, as the file beside its data has it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clam_robot.episodes.disk import Disk
from clam_robot.episodes.schema import METADATA
from clam_robot.errors import DamagedEpisode


def describe_array(
    *, shape: Sequence[int], file_rows: int, dtype: str, fill: bool | int | str, codecs: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The description of an array with `file_rows` rows in each file."""
    return {
        "shape": list(shape),
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [file_rows, *shape[1:]]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": fill,
        "codecs": list(codecs),
        "attributes": {},
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def describe_group(attributes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The description of a group."""
    return {"attributes": attributes or {}, "zarr_format": 3, "node_type": "group"}


def file_name(number: int, num_axes: int) -> str:
    """Name of the file with the rows from number * file_rows on."""
    return ".".join(["c", str(number), *["0"] * (num_axes - 1)])


def write(folder: Path, description: dict[str, Any], disk: Disk) -> None:
    """Describe the group or array `folder`.

    Raises:
        OSError: the disk is full or gone.
    """
    disk.replace_file(folder / METADATA, json.dumps(description).encode())


def read(episode: Path, name: str) -> dict[str, Any]:
    """The description of an array.

    Raises:
        DamagedEpisode: it is missing or unreadable.
    """
    try:
        return dict(json.loads((episode / name / METADATA).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise DamagedEpisode(
            f"{episode}: array {name}: cannot be read ({error}); restore it from a copy or run `clam repair`"
        ) from error


def require(episode: Path, name: str, expected: dict[str, Any]) -> None:
    """Compare the description of an array with what it has to be.

    Raises:
        DamagedEpisode: it is missing, unreadable or another; says what differs.
    """
    found = read(episode, name)
    for key in (
        "shape",
        "data_type",
        "chunk_grid",
        "chunk_key_encoding",
        "codecs",
        "fill_value",
        "zarr_format",
        "node_type",
    ):
        if found.get(key) != expected[key]:
            raise DamagedEpisode(
                f"{episode}: array {name}: expected {key} {expected[key]}, found {found.get(key)}; "
                "restore it from a copy or run `clam repair`"
            )
