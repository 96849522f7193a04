"""A person agrees before an arm moves."""

import sys

from clam_robot.cli.console import console
from clam_robot.errors import ConfigError


def require_agreement(what: str, is_given: bool) -> None:
    """Say what the arm is about to do and wait until a person agrees.

    Args:
        what: it will do.
        is_given: the person agreed beforehand, with --yes.

    Raises:
        ConfigError: the person does not agree, or nobody can be asked.
    """
    console.print(f"{what}; keep away and have a hand at its switch, Ctrl-C stops it", markup=False, soft_wrap=True)
    if is_given:
        return
    if not sys.stdin.isatty():
        raise ConfigError("nobody can be asked whether the arm may move: start it in a terminal, or give --yes")
    if console.input("may it move? [y/N] ", markup=False).strip().lower() not in {"y", "yes"}:
        raise ConfigError("the arm was not to move; nothing was done")
