"""Refusing a name nothing goes by."""

import difflib
from collections.abc import Sequence

from clam_robot.errors import UnknownRobot


def require_known(name: str, known: Sequence[str], *, what: str) -> None:
    """Pass if `name` is among `known`.

    Args:
        what: what it would be a name of, for the message: "MetaWorld task".

    Raises:
        UnknownRobot: it is not; names the closest ones, or all there are.
    """
    if name in known:
        return
    close = difflib.get_close_matches(name, known)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known) or 'none'}"
    raise UnknownRobot(f"no {what} {name!r}; {hint}")
