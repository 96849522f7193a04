"""The key that a robot shows to a policy server."""

import os
from collections.abc import Mapping
from pathlib import Path

from clam_robot.errors import ConfigError

KEY = "CLAM_API_KEY"
FILE = "CLAM_API_KEY_FILE"


def own_key(environ: Mapping[str, str] = os.environ) -> str | None:
    """The key in CLAM_API_KEY, or in the file that CLAM_API_KEY_FILE names; None where there is none.

    A file is not seen by whoever may list processes or containers. An empty one, such as /dev/null, holds no key.

    Raises:
        ConfigError: there is no such file, or this user may not read it.
    """
    if key := environ.get(KEY):
        return key
    if not (name := environ.get(FILE)):
        return None
    try:
        return Path(name).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else "no text"
        raise ConfigError(
            f"{FILE}: expected a file with the key that `clam keys add` told, found {name}: {found}; name another, or "
            "make it readable for this user"
        ) from None
