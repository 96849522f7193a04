"""Checks of numbers that people type."""

from clam_robot.errors import ConfigError


def require_positive(**values: int) -> None:
    """Refuse counts below one.

    Raises:
        ConfigError: names the flag and what was given.
    """
    for name, value in values.items():
        if value < 1:
            raise ConfigError(f"--{name.replace('_', '-')}: expected at least 1, found {value}")
