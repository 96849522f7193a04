"""Numpy arrays in msgpack, byte for byte as openpi puts them on the wire; never pickle.

An array is the map `{b"__ndarray__": True, b"data": C-order bytes, b"dtype": "<f4", b"shape": (6,)}`, a numpy scalar
`{b"__npgeneric__": True, b"data": value, b"dtype": "<f4"}`. Keys are bytes, so no text key can be taken for one.
"""

import math
import re
from typing import Any, cast

import msgpack
import numpy as np

from clam_robot.errors import ClamRobotError

KINDS = "biufSU"
MAX_DIMS = 8
# A frame of empty lists would unpack to sixty times its size: count what arrays of numbers never need many of.
MAX_CONTAINERS = 10_000
MAX_ITEMS = 4_096

_DTYPE = re.compile(rf"[<>|=]?([{KINDS}])(\d{{1,5}})")
_SCALARS: dict[str, type | tuple[type, ...]] = {
    "b": bool,
    "i": int,
    "u": int,
    "f": (float, int),
    "S": bytes,
    "U": str,
}


class MalformedMessage(ClamRobotError, ValueError):
    """A frame or a field of it is not what the protocol says; the message names the field, expected and found."""


def pack(message: object) -> bytes:
    """Encode plain values and numpy arrays.

    Raises:
        MalformedMessage: a value or dtype that does not travel.
    """
    try:
        return cast(bytes, msgpack.packb(message, default=_pack_numpy))
    except (TypeError, OverflowError) as error:
        raise MalformedMessage(f"expected numbers, text, lists, dictionaries and arrays, found: {error}") from None


def unpack(frame: bytes) -> Any:  # noqa: ANN401 - what it holds is the sender's choice; `protocol` gives it a type.
    """Decode a frame. Arrays are read-only views of it.

    Raises:
        MalformedMessage: not msgpack, or an array that contradicts itself.
    """
    hooks = _Hooks()
    try:
        return msgpack.unpackb(
            frame,
            object_hook=hooks.on_map,
            list_hook=hooks.on_list,
            ext_hook=_refuse_extension,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
        )
    except MalformedMessage:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        detail = str(error) or type(error).__name__
        raise MalformedMessage(f"expected one msgpack value, found {len(frame)} bytes that are not: {detail}") from None


class _Hooks:
    """Turns maps into arrays where they stand for one, and counts containers."""

    def __init__(self) -> None:
        self._num_containers = 0

    def on_map(self, value: dict[Any, Any]) -> object:
        self._count()
        if b"__ndarray__" in value:
            return _unpack_array(value)
        if b"__npgeneric__" in value:
            return _unpack_scalar(value)
        return value

    def on_list(self, value: list[Any]) -> list[Any]:
        self._count()
        return value

    def _count(self) -> None:
        self._num_containers += 1
        if self._num_containers > MAX_CONTAINERS:
            raise MalformedMessage(f"expected at most {MAX_CONTAINERS} lists and dictionaries in a message, found more")


def _pack_numpy(value: object) -> dict[bytes, object]:
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(type(value).__name__)
    dtype = cast("np.dtype[Any]", value.dtype)
    if dtype.kind not in KINDS:
        raise MalformedMessage(f"expected an array of numbers or text, found dtype {dtype}")
    if isinstance(value, np.ndarray):
        return {b"__ndarray__": True, b"data": value.tobytes(), b"dtype": dtype.str, b"shape": value.shape}
    return {b"__npgeneric__": True, b"data": value.item(), b"dtype": dtype.str}


def _unpack_array(value: dict[Any, Any]) -> np.ndarray:
    dtype = _dtype(value.get(b"dtype"))
    shape = value.get(b"shape")
    data = value.get(b"data")
    if not isinstance(shape, list | tuple) or len(cast("list[object]", shape)) > MAX_DIMS:
        raise MalformedMessage(f"array shape: expected at most {MAX_DIMS} lengths, found {shape!r:.80}")
    lengths = cast("list[object]", shape)
    if not all(type(length) is int and length >= 0 for length in lengths):
        raise MalformedMessage(f"array shape: expected lengths of 0 or more, found {shape!r:.80}")
    if not isinstance(data, bytes):
        raise MalformedMessage(f"array data: expected bytes, found {type(data).__name__}")
    sizes = cast("list[int]", shape)
    expected = math.prod(sizes) * dtype.itemsize
    if dtype.itemsize == 0 or expected != len(data):
        raise MalformedMessage(f"array data: expected {expected} bytes for {sizes} {dtype}, found {len(data)}")
    try:
        return np.ndarray(buffer=data, dtype=dtype, shape=tuple(sizes))
    except (ValueError, OverflowError) as error:  # an empty array whose other lengths no machine could hold
        raise MalformedMessage(f"array shape: expected lengths that fit in memory, found {sizes}: {error}") from None


def _unpack_scalar(value: dict[Any, Any]) -> object:
    dtype = _dtype(value.get(b"dtype"))
    data = value.get(b"data")
    if not isinstance(data, _SCALARS[dtype.kind]) or (isinstance(data, bool) and dtype.kind != "b"):
        raise MalformedMessage(f"scalar data: expected a value of {dtype}, found {type(data).__name__}")
    try:
        with np.errstate(over="ignore"):
            return dtype.type(data)
    except (ValueError, OverflowError) as error:
        raise MalformedMessage(f"scalar data: expected a value of {dtype}, found {data!r:.80}: {error}") from None


def _dtype(name: object) -> "np.dtype[Any]":
    match = _DTYPE.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise MalformedMessage(f"array dtype: expected one of the kinds {', '.join(KINDS)}, found {name!r:.80}")
    try:
        return np.dtype(match.string)
    except TypeError:
        raise MalformedMessage(f"array dtype: expected a dtype numpy knows, found {name!r:.80}") from None


def _refuse_extension(code: int, data: bytes) -> object:
    raise MalformedMessage(f"expected no msgpack extension types, found type {code} of {len(data)} bytes")
