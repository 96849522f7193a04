"""Where a data set is: a folder of this machine, or a URL such as s3://bucket/folder."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from clam_robot.errors import ConfigError

Place = str | Path
"""A path, or a URL that fsspec knows."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]+://")
# What is left of a URL that was taken for a path.
_FOLDED_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]+:/")


def is_url(place: Place) -> bool:
    """Whether a place is elsewhere; file:///path is a folder of this machine."""
    return isinstance(place, str) and _URL.match(place) is not None and urlsplit(place).scheme != "file"


def folder_of(place: Place) -> Path:
    """The folder of a place on this machine."""
    if isinstance(place, str) and _URL.match(place):
        return Path(unquote(urlsplit(place).path))
    return Path(place)


def name_of(place: Place) -> str:
    """The last part of a place."""
    return place.rstrip("/").rpartition("/")[2] if isinstance(place, str) and is_url(place) else folder_of(place).name


def require_folder(path: Path, what: str) -> Path:
    """Refuse a URL where only a folder of this machine will do.

    Args:
        path: as it was typed.
        what: it is given as, "--out".

    Raises:
        ConfigError: it is a URL.
    """
    if _FOLDED_URL.match(str(path)) and not path.exists():
        raise ConfigError(
            f"{what}: expected a folder of this machine, found the URL {str(path).replace(':/', '://', 1)}; "
            "what is written is safe on a local disk first, and `clam copy FOLDER URL` brings it to a URL"
        )
    return path
