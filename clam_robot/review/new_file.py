"""A file that a command makes, in the place of none or, where that is wanted, of another one."""

from pathlib import Path

from clam_robot.errors import EpisodeExists


def require_replaceable(path: Path, *, overwrite: bool) -> None:
    """Admit a path where nothing is, or a file that may be replaced; a device or a pipe never may.

    Raises:
        EpisodeExists: something else is there.
    """
    if path.exists() and not path.is_file():
        raise EpisodeExists(f"expected a file or nothing at {path}, found something else; give another --out")
    if path.exists() and not overwrite:
        raise EpisodeExists(f"expected nothing at {path}, found a file; give another --out, or add --overwrite")
