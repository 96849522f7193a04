"""Dataclasses to and from files: typed, and an unknown key is an error that names it.

Configuration classes and specs inherit `Strict`, live beside what they configure and stay plain frozen dataclasses.
Files are TOML for people and JSON for programs.
"""

import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from clam_robot.errors import ConfigError

T = TypeVar("T")


class Strict:
    """Base of dataclasses that are read from files: unknown keys are refused, infinities survive JSON."""

    __pydantic_config__ = ConfigDict(extra="forbid", ser_json_inf_nan="strings")


def to_dict(value: object) -> dict[str, Any]:
    """The JSON-safe dictionary of a dataclass, nested ones included."""
    return json.loads(TypeAdapter[object](type(value)).dump_json(value))


def from_dict(cls: type[T], data: object, *, source: str) -> T:
    """Build `cls` from a dictionary.

    Args:
        source: where the data came from, for the error message.

    Raises:
        ConfigError: names every field that does not fit, what was expected and what was found.
    """
    try:
        return TypeAdapter(cls).validate_python(data)
    except ValidationError as error:
        problems = "; ".join(_describe(problem) for problem in error.errors())
        raise ConfigError(f"{source} does not fit {cls.__name__}: {problems}") from None


def load(cls: type[T], path: Path) -> T:
    """Read `cls` from a TOML or JSON file.

    Raises:
        ConfigError: the file is missing, is not TOML or JSON, or does not fit the class.
    """
    try:
        text = path.read_text()
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(f"no configuration file at {path}; give the path of a .toml or .json file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not valid {path.suffix.lstrip('.').upper() or 'TOML'}: {error}") from None
    return from_dict(cls, data, source=str(path))


def _describe(problem: ErrorDetails) -> str:
    field = ".".join(str(part) for part in problem["loc"]) or "(top level)"
    if problem["type"] == "unexpected_keyword_argument":
        return f"unknown key {field!r}"
    if problem["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return f"{field!r} is missing"
    return f"{field!r}: {problem['msg'].lower()}, found {problem['input']!r}"
