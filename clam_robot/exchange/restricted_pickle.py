"""Reads pickles that hold nothing but plain values and numpy arrays.

A pickle is a program. This reader knows the few functions with which numpy puts arrays together, and refuses every
other name, so that a file from elsewhere can make arrays and nothing else.
"""

import pickle  # noqa: TID251 (nothing but the unpickler below, which refuses all but numpy's own names)
from pathlib import Path
from typing import Any

import numpy as np

from clam_robot.errors import ExchangeError


def _encode_latin1(text: str, encoding: str) -> bytes:
    """How Python 3 stores bytes in old pickles; other encodings would load modules."""
    if encoding not in {"latin1", "latin-1"}:
        raise pickle.UnpicklingError(f"bytes in the encoding {encoding!r}")
    return text.encode("latin1")


_scalar: Any = np.float64(0).__reduce__()[0]
_reconstruct: Any = np.zeros(0).__reduce__()[0]
_frombuffer: Any = np.zeros(0).__reduce_ex__(5)[0]

_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,
    ("numpy._core.numeric", "_frombuffer"): _frombuffer,
    ("_codecs", "encode"): _encode_latin1,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 (whatever the table holds)
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"the name {module}.{name}") from None


def load(path: Path) -> Any:  # noqa: ANN401 (dictionaries, lists and arrays, as the file has them)
    """What the pickle at `path` holds.

    Raises:
        ExchangeError: it cannot be read, or asks for more than arrays; says what for. Nothing of it was run.
    """
    try:
        with path.open("rb") as file:
            return _Unpickler(file, encoding="latin1").load()
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read: {error}; restore it from a copy") from error
    except pickle.UnpicklingError as error:
        raise ExchangeError(
            f"{path}: expected plain values and numpy arrays, found {error}; do not trust it"
        ) from error
    except (ValueError, TypeError, EOFError, IndexError, KeyError, AttributeError, MemoryError) as error:
        raise ExchangeError(f"{path} is no whole pickle: {error!r}; restore it from a copy") from error
