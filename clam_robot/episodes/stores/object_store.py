"""Episodes in the folder of a URL that fsspec knows: S3 and what speaks its protocol, Google's and Azure's stores."""

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from socket import gaierror
from typing import Any, cast

import fsspec  # pyright: ignore[reportMissingTypeStubs]

from clam_robot.episodes import folders, schema
from clam_robot.episodes.stores.episode_store import StoredEpisode
from clam_robot.errors import ClamRobotError, DamagedEpisode, EpisodeExists, MissingDependency, StoreUnavailable

# Botocore's own patience is five tries of a minute each, in which a person learns nothing.
_PATIENCE = {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 3}}
# What stores call the thing that changes with a file's content.
_STAMPS = ("ETag", "etag", "md5Hash", "LastModified", "updated", "mtime", "created")

_NO_CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"})
_NO_CONNECTION = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError", "FSTimeoutError"}
)
_NO_BUCKET = re.compile(r"(bucket|container) does not exist")


def _options(scheme: str) -> dict[str, Any]:
    if scheme not in ("s3", "s3a"):
        return {}
    # fsspec keeps one client for equal options: of two servers, each has its own.
    return {"config_kwargs": _PATIENCE, "endpoint_url": os.environ.get("AWS_ENDPOINT_URL")}


class ObjectStore:
    """An `EpisodeStore`. Objects appear whole; the description of an episode, which makes it one, is put last.

    What a copy has begun is said by an object `.episode_000007.copy` beside the episode: the description that is to
    come. Neither is ever put over another one, where the store knows conditional writes, as S3 does.

    Args:
        url: of the data set, or of one episode.

    Raises:
        MissingDependency: fsspec lacks the package for such URLs.
        StoreUnavailable: there are no such URLs, or this one cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._only: str | None = None
        scheme = url.partition("://")[0].rpartition("::")[2]
        try:
            fs, root = cast(Any, fsspec).core.url_to_fs(self._url, **_options(scheme))
        except ImportError as error:
            raise MissingDependency(f"{self._url}: {error}; s3:// needs pip install 'clam-robot[cloud]'") from error
        except ValueError as error:
            raise StoreUnavailable(f"{self._url}: {error}; expected a URL such as s3://bucket/folder") from error
        except OSError as error:  # some stores, such as ftp://, are called at once
            raise StoreUnavailable(f"{self._url}: {_explanation(error)}") from error
        self._fs, self._root = fs, str(root).rstrip("/")
        with self._explained():
            is_episode = bool(self._fs.exists(f"{self._root}/{schema.METADATA}"))
        if is_episode:
            self._url, _, self._only = self._url.rpartition("/")
            self._root = self._root.rpartition("/")[0]

    @property
    def place(self) -> str:
        """The URL of the data set."""
        return self._url

    @property
    def is_whole(self) -> bool:
        """Whether the URL was that of a data set."""
        return self._only is None

    def look(self) -> dict[str, StoredEpisode]:
        """Of `EpisodeStore`."""
        below = self._root if self._only is None else f"{self._root}/{self._only}"
        found: dict[str, dict[str, Any]] = {}
        with suppress(FileNotFoundError), self._explained():
            self._fs.invalidate_cache()
            found = self._fs.find(below, detail=True)
        files: dict[str, dict[str, int]] = {}
        claimed: set[str] = set()
        stamps: dict[str, str] = {}
        for path, details in found.items():
            episode, _, file = path[len(self._root) :].lstrip("/").partition("/")
            copied = folders.episode_being_copied(episode)
            if copied is not None and not file:
                claimed.add(copied)
                files.setdefault(copied, {})
            elif file and (episode == self._only or folders.is_finished_name(episode)):
                files.setdefault(episode, {})[file] = int(details["size"])
                if file == schema.METADATA:
                    stamps[episode] = _stamp(details)
        return {
            episode: StoredEpisode(
                files=files[episode],
                is_finished=episode in stamps,
                is_claimed=episode in claimed,
                stamp=stamps.get(episode, ""),
            )
            for episode in sorted(files, key=lambda name: (len(name), name))
        }

    def read(self, episode: str, file: str) -> bytes:
        """Of `EpisodeStore`."""
        try:
            return self._read(f"{episode}/{file}")
        except FileNotFoundError as error:
            raise DamagedEpisode(f"{self._url}/{episode}: {file} is missing; copy the episode anew") from error

    def claim(self, episode: str, marker: bytes) -> bytes:
        """Of `EpisodeStore`."""
        name = folders.copying_name(episode)
        try:
            self._create(name, marker)
        except FileExistsError:
            return self._read(name)
        return marker

    def write(self, episode: str, file: str, content: bytes) -> None:
        """Of `EpisodeStore`."""
        with self._explained():
            self._fs.pipe_file(f"{self._root}/{episode}/{file}", content)

    def read_back(self, episode: str, file: str) -> bytes:
        """Of `EpisodeStore`."""
        return self.read(episode, file)

    def finish(self, episode: str, marker: bytes) -> None:
        """Of `EpisodeStore`."""
        try:
            self._create(f"{episode}/{schema.METADATA}", marker)
        except FileExistsError:
            if self.read(episode, schema.METADATA) != marker:
                raise EpisodeExists(
                    f"{self._url}/{episode} has come into being meanwhile, and is another episode; it was left alone"
                ) from None
        with self._explained():
            self._fs.rm_file(f"{self._root}/{folders.copying_name(episode)}")

    def release(self) -> None:
        """Nothing is held."""

    def _read(self, path: str) -> bytes:
        with self._explained():
            return bytes(self._fs.cat_file(f"{self._root}/{path}"))

    def _create(self, path: str, content: bytes) -> None:
        """Put what must not be there yet.

        Raises:
            FileExistsError: it is.
        """
        with self._explained():
            try:
                self._fs.pipe_file(f"{self._root}/{path}", content, mode="create")
            except OSError as error:  # s3fs knows the answer of AWS alone by its name
                if "PreconditionFailed" in repr(error.__cause__):
                    raise FileExistsError from error
                raise

    @contextmanager
    def _explained(self) -> Generator[None, None, None]:
        """Every error of a store as one that says what to do; the missing and the existing file excepted."""
        try:
            yield
        except (ClamRobotError, FileExistsError):
            raise
        except FileNotFoundError as error:
            if not _NO_BUCKET.search(str(error)):
                raise
            raise StoreUnavailable(f"{self._url}: {error}; make the bucket, or correct its name") from error
        except Exception as error:  # each store has errors of its own, without a common base
            raise StoreUnavailable(f"{self._url}: {_explanation(error)}") from error


def _explanation(error: Exception) -> str:
    names = {type(each).__name__ for each in (error, error.__cause__, error.__context__) if each is not None}
    if names & _NO_CREDENTIALS:
        return (
            f"{error}; give some with `aws configure`, a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
            "environment"
        )
    if names & _NO_CONNECTION or isinstance(error, ConnectionError | TimeoutError | gaierror):
        return f"{error or type(error).__name__}; is there a network? AWS_ENDPOINT_URL names an S3 server of your own"
    if isinstance(error, PermissionError):
        return f"not permitted ({error}); ask who owns the bucket to let these credentials list, read and write there"
    return f"{type(error).__name__}: {error}"


def _stamp(details: Mapping[str, Any]) -> str:
    return next((f"{key} {details[key]}" for key in _STAMPS if details.get(key)), "")
