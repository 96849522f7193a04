"""What is known of a data set's episodes without opening them."""

import hashlib
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from clam_robot import config
from clam_robot.episodes import attributes as attributes_file
from clam_robot.episodes import folders, schema
from clam_robot.episodes.attributes import EpisodeAttributes
from clam_robot.errors import EpisodeError
from clam_robot.specs import RobotSpec

logger = logging.getLogger(__name__)

INDEX = "index.jsonl"


@dataclass(frozen=True, kw_only=True)
class IndexEntry(config.Strict):
    """One line of the index.

    Attributes:
        name: folder of the episode.
        stamp: modification time of the episode's attributes [ns]; another one there makes the entry stale.
        spec_digest: equal for equal specs.
        length: rows.
        num_labeled: rows whose action may be used as a label.
        duration: [s].
        achieved_hz: control periods per second.
        num_dropped: rows lost in recording.
        success: True, False or None.
        task: what was to be done.
        source: who acted.
        seed: scene seed.
        started_at: UTC, ISO 8601.
        num_bytes: size on disk [bytes].
    """

    name: str
    stamp: int
    spec_digest: str
    length: int
    num_labeled: int
    duration: float
    achieved_hz: float | None
    num_dropped: int
    success: bool | None
    task: str
    source: str
    seed: int | None
    started_at: str
    num_bytes: int


class Entries(NamedTuple):
    """A data set's index.

    Attributes:
        found: by name, oldest first.
        damaged: what is wrong with the episodes that cannot be read, by name.
    """

    found: dict[str, IndexEntry]
    damaged: dict[str, EpisodeError]


_ENTRY = TypeAdapter(IndexEntry)


class EpisodeIndex:
    """The entries of a data set, kept in a file beside the episodes and never trusted over them.

    An entry counts only while the episode it names is there with the attributes it was made from; what is missing or
    stale is read from the episodes and the file is written anew. Deleting the file loses nothing.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / INDEX

    def add(self, name: str, attributes: EpisodeAttributes) -> None:
        """Append the entry of a new episode; a failure only costs time later."""
        try:
            line = _ENTRY.dump_json(self.entry(name, attributes)) + b"\n"
            with self._path.open("ab") as file:
                file.write(line)
        except OSError as error:
            logger.warning("cannot add %s to %s: %s", name, self._path, error)

    def entries(self) -> Entries:
        """What is known of every episode; of none where there is no data set."""
        if not self._root.is_dir():
            return Entries({}, {})
        known = self._read()
        found: dict[str, IndexEntry] = {}
        damaged: dict[str, EpisodeError] = {}
        num_read = 0
        for name in folders.finished_episodes(self._root):
            entry = known.get(name)
            try:
                if entry is None or entry.stamp != self._stamp(name):
                    entry = self.entry(name, attributes_file.read(self._root / name))
                    num_read += 1
                found[name] = entry
            except EpisodeError as error:
                damaged[name] = error
        if num_read or len(known) != len(found):
            self._write(found.values())
        return Entries(found, damaged)

    def entry(self, name: str, attributes: EpisodeAttributes) -> IndexEntry:
        """What the index keeps of an episode."""
        return IndexEntry(
            name=name,
            stamp=self._stamp(name),
            spec_digest=digest(attributes.spec),
            length=attributes.length,
            num_labeled=attributes.num_labeled,
            duration=attributes.recording.duration,
            achieved_hz=attributes.recording.achieved_hz,
            num_dropped=attributes.recording.num_dropped,
            success=attributes.success,
            task=attributes.task,
            source=attributes.source,
            seed=attributes.seed,
            started_at=attributes.started_at,
            num_bytes=folders.num_bytes(self._root / name),
        )

    def _read(self) -> dict[str, IndexEntry]:
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return {}
        known: dict[str, IndexEntry] = {}
        for line in lines:
            try:
                entry = _ENTRY.validate_json(line)
            except ValidationError:
                continue
            known[entry.name] = entry
        return known

    def _write(self, entries: Iterable[IndexEntry]) -> None:
        temporary = self._path.with_name(f".{INDEX}.{os.getpid()}.partial")
        try:
            temporary.write_bytes(b"".join(_ENTRY.dump_json(entry) + b"\n" for entry in entries))
            temporary.replace(self._path)
        except OSError as error:
            logger.warning("cannot write %s: %s", self._path, error)

    def _stamp(self, name: str) -> int:
        try:
            return (self._root / name / schema.METADATA).stat().st_mtime_ns
        except OSError:
            return -1


def digest(spec: RobotSpec) -> str:
    """The same short text for equal specs, another for different ones."""
    return hashlib.sha256(json.dumps(spec.to_dict(), sort_keys=True).encode()).hexdigest()[:16]
