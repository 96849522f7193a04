"""Who may use a server: keys, of which it keeps the digests only."""

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from clam_robot import config
from clam_robot.errors import ConfigError
from policy_server.refusals import Refused

Scope = Literal["infer", "admin"]

_NUM_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SCHEMES = ("api-key", "bearer")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who was let in.

    Attributes:
        name: of the key.
        scopes: what the key is for.
    """

    name: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, kw_only=True)
class StoredKey(config.Strict):
    """What is kept of a key.

    Attributes:
        name: whose it is.
        scopes: what it is for: "infer" to ask for actions, "admin" to exchange checkpoints.
        sha256: digest of the key, hexadecimal. A key is 32 random bytes, which no one can try out, so that a fast
            digest guards it as well as a slow one.
        created: date and time, UTC.
    """

    name: str
    scopes: tuple[Scope, ...]
    sha256: str
    created: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.sha256):
            raise ConfigError(f"sha256 of key {self.name}: expected 64 digits 0-9 and a-f; make the key anew")


@dataclass(frozen=True, kw_only=True)
class _File(config.Strict):
    keys: tuple[StoredKey, ...] = ()


class ApiKeys:
    """The keys of a server."""

    def __init__(self, keys: Sequence[StoredKey] = ()) -> None:
        self.keys = tuple(keys)

    @classmethod
    def read(cls, path: Path) -> "ApiKeys":
        """The keys in a file.

        Raises:
            ConfigError: no such file, or it is none of keys.
        """
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise ConfigError(f"keys: no file {path}; make one with `clam keys add NAME --file {path}`") from None
        except (OSError, ValueError) as error:
            raise ConfigError(f"keys: expected a JSON file of keys, found {path}: {error}") from None
        return ApiKeys(config.from_dict(_File, content, source=str(path)).keys)

    def write(self, path: Path) -> None:
        """Replace a file at once; only its owner may read it."""
        temporary = path.with_name(path.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, 0o600)  # it may be left of a write that was cut short
            json.dump(config.to_dict(_File(keys=self.keys)), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def with_new(self, name: str, scopes: Sequence[Scope]) -> tuple["ApiKeys", str]:
        """These keys and a new one, and the new one itself, which nothing keeps.

        Raises:
            ConfigError: the name is taken or no name, or there are no scopes.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(f"name: expected letters, digits, '.', '_' or '-', at most 64, found {name!r}")
        if name in {key.name for key in self.keys}:
            raise ConfigError(f"name: there is a key {name} already; remove it first, or choose another name")
        if not scopes:
            raise ConfigError("scopes: expected infer, admin or both, found none")
        secret = secrets.token_urlsafe(_NUM_BYTES)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        stored = StoredKey(name=name, scopes=tuple(scopes), sha256=_digest(secret), created=created)
        return ApiKeys((*self.keys, stored)), secret

    def without(self, name: str) -> "ApiKeys":
        """These keys but one.

        Raises:
            ConfigError: there is none of this name.
        """
        if name not in {key.name for key in self.keys}:
            names = ", ".join(key.name for key in self.keys) or "no keys at all"
            raise ConfigError(f"name: expected one of the keys, found {name!r} among {names}")
        return ApiKeys([key for key in self.keys if key.name != name])

    def admit(self, authorization: str | None, scope: Scope) -> Caller:
        """Who a request is from.

        Args:
            authorization: its header: "Api-Key KEY", as openpi's clients send, or "Bearer KEY".
            scope: what it is for.

        Raises:
            Refused: no key, an unknown one, or one for other things.
        """
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() not in _SCHEMES or not secret:
            raise Refused("unauthorized", "expected the header 'Authorization: Api-Key KEY', found no key")
        digest = _digest(secret.strip())
        # Every key is compared, and in constant time, so that the time tells nothing.
        found = [key for key in self.keys if hmac.compare_digest(key.sha256, digest)]
        if not found:
            raise Refused("unauthorized", "expected a key of this server, found another")
        if scope not in found[0].scopes:
            raise Refused("forbidden", f"expected a key with scope {scope}, found one for {', '.join(found[0].scopes)}")
        return Caller(name=found[0].name, scopes=found[0].scopes)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
