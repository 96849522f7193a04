"""Typed values out of a message from the network: whatever does not fit is refused by name."""

# pyright: strict
import math
from collections.abc import Sequence
from typing import Any, TypeVar, cast

import numpy as np

from policy_server.jpeg import decode_jpeg
from policy_server.packing import MalformedMessage

Choice = TypeVar("Choice", bound=str)

# Of an array; a letter stands for any length but zero.
Shape = tuple[int | str, ...]

_REQUIRED = object()
_MAX_KEYS_NAMED = 12


class Fields:
    """A dictionary nobody vouches for. Every reader says which field, what was expected and what was found."""

    def __init__(self, message: object, name: str) -> None:
        """Wrap a message.

        Raises:
            MalformedMessage: it is no dictionary.
        """
        if not isinstance(message, dict):
            raise MalformedMessage(f"{name}: expected a dictionary, found {describe(message)}")
        self._values = cast("dict[Any, Any]", message)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> tuple[str, ...]:
        """The keys there are, as text."""
        return tuple(str(key) for key in self._values)

    def number(self, key: str, default: object = _REQUIRED) -> float:
        """A finite number."""
        value = self._values.get(key, default)
        is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        if not is_number or not math.isfinite(cast("Any", value)):
            raise self._misfit(key, "a finite number")
        return float(cast("Any", value))

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self._misfit(key, "true or false")
        return value

    def text(self, key: str) -> str:
        """A text."""
        value = self._values.get(key)
        if not isinstance(value, str):
            raise self._misfit(key, "text")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or None where there is none."""
        return self.text(key) if self._values.get(key) is not None else None

    def choice(self, key: str, choices: Sequence[Choice]) -> Choice:
        """One of several texts."""
        value = self._values.get(key)
        if not isinstance(value, str) or value not in choices:
            raise self._misfit(key, " or ".join(repr(choice) for choice in choices))
        return cast("Choice", value)

    def values(self) -> dict[Any, Any]:
        """All of it, as it came."""
        return self._values

    def section(self, key: str) -> "Fields":
        """A dictionary inside; an empty one where there is none."""
        return Fields(self._values.get(key, {}), key)

    def floats(self, key: str, shape: Shape, names: Sequence[str]) -> np.ndarray:
        """A fresh float32 array; `names` are of the last axis."""
        array = self._array(key, shape)
        if array is None or array.dtype.kind != "f":
            lengths = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
            named = f" [{', '.join(names)}]" if names else ""
            raise self._misfit(key, f"({lengths}){named} float32")
        if array.dtype == np.float32:
            return np.array(array, order="C")
        # What float32 cannot hold becomes infinite, and the check for finite numbers names it.
        with np.errstate(over="ignore"):
            return np.array(array, np.float32, order="C")

    def image(self, key: str, shape: tuple[int, int, int]) -> np.ndarray:
        """A fresh RGB image, from an array or a JPEG file."""
        value = self._values.get(key)
        if isinstance(value, bytes):
            return decode_jpeg(value, shape, key)
        array = self._array(key, shape)
        if array is None or array.dtype != np.uint8:
            raise self._misfit(key, f"{shape} uint8 RGB, or a JPEG")
        return np.array(array, order="C")

    def _array(self, key: str, shape: Shape) -> "np.ndarray[Any, np.dtype[Any]] | None":
        value = self._values.get(key)
        if not isinstance(value, np.ndarray):
            return None
        array = cast("np.ndarray[Any, np.dtype[Any]]", value)
        if len(array.shape) != len(shape) or any(
            found == 0 if isinstance(wanted, str) else found != wanted
            for found, wanted in zip(array.shape, shape, strict=True)
        ):
            return None
        return array

    def _misfit(self, key: str, expected: str) -> MalformedMessage:
        if key in self._values:
            return MalformedMessage(f"{key}: expected {expected}, found {describe(self._values[key])}")
        # Escaped, as the words go to terminals too.
        named = ", ".join(ascii(key[:40])[1:-1] for key in self.keys()[:_MAX_KEYS_NAMED]) or "none"
        return MalformedMessage(f"{key}: expected {expected}, found no such key among {named}")


def describe(value: object) -> str:
    """A value in a few words, for messages: never its contents, which may be large."""
    if isinstance(value, np.ndarray):
        array = cast("np.ndarray[Any, np.dtype[Any]]", value)
        return f"{array.shape} {array.dtype}"
    if value is None or isinstance(value, bool | int | float):
        return f"{value!r:.40}"
    return f"a {type(value).__name__}"
