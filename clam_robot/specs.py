"""What a robot measures and accepts, said once and stored in every data set and checkpoint.

A spec is known before connecting, travels as JSON, and is what two parts of the system compare before they work
together: a checkpoint trained for one robot refuses another and names the entries that differ.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32

from clam_robot import config
from clam_robot.errors import InvalidImage, InvalidSpec, InvalidVector, SpecMismatch

AXES = ("x", "y", "z")
LARGEST = float(np.finfo(np.float32).max)
# Differences, and names in each, that a message holds.
_SHOWN = 4


def as_float32(x: np.ndarray) -> Float32[np.ndarray, "..."]:
    """A float32 copy; what float32 cannot hold becomes infinite, what is not a real number at all becomes NaN."""
    if not np.can_cast(x.dtype, np.float32, "same_kind"):
        return np.full(x.shape, np.nan, np.float32)
    with np.errstate(over="ignore"):
        return x.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class VectorSpec(config.Strict):
    """Names, units and bounds of a vector, entry by entry.

    Attributes:
        names: one name per entry. Three neighbours named `<point>_x`, `<point>_y`, `<point>_z` are a point [m].
        units: unit of each entry ("m", "rad", "1", ...).
        low: smallest legal value of each entry; -inf where there is none.
        high: largest legal value of each entry; inf where there is none.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        lengths = {"names": len(self.names), "units": len(self.units), "low": len(self.low), "high": len(self.high)}
        if len(set(lengths.values())) != 1:
            raise InvalidSpec(f"names, units, low and high must be equally long, found {lengths}")
        if len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise InvalidSpec(f"names must be unique, found twice: {', '.join(twice)}")
        for name, low, high in zip(self.names, self.low, self.high, strict=True):
            if not low <= high:
                raise InvalidSpec(f"{name}: low must not exceed high, found low {low} and high {high}")
            if low == math.inf or high == -math.inf or any(LARGEST < abs(x) < math.inf for x in (low, high)):
                raise InvalidSpec(
                    f"{name}: bounds must leave room for a finite float32 number, found low {low} and high {high}"
                )

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def low_array(self) -> Float32[np.ndarray, "n"]:
        """Lower bounds as a read-only array."""
        return _read_only(self.low)

    @cached_property
    def high_array(self) -> Float32[np.ndarray, "n"]:
        """Upper bounds as a read-only array."""
        return _read_only(self.high)

    @cached_property
    def points(self) -> dict[str, slice]:
        """Every named point in space and where its x, y, z stand."""
        found: dict[str, slice] = {}
        for start in range(len(self.names) - 2):
            stems = [name[:-2] for name in self.names[start : start + 3]]
            suffixes = [name[-2:] for name in self.names[start : start + 3]]
            if suffixes == [f"_{axis}" for axis in AXES] and len(set(stems)) == 1:
                found[stems[0]] = slice(start, start + 3)
        return found

    def index(self, name: str) -> int:
        """Where the entry `name` stands.

        Raises:
            InvalidVector: no such entry; lists the names there are.
        """
        if name not in self.names:
            raise InvalidVector(f"no entry {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)

    def require_finite(self, x: np.ndarray, *, what: str = "vector") -> None:
        """Check shape and finiteness, as float32.

        Raises:
            InvalidVector: names the entry and its value.
        """
        if x.shape != (len(self),):
            raise InvalidVector(f"{what}: expected shape ({len(self)},) [{', '.join(self.names)}], found {x.shape}")
        finite = np.isfinite(x if x.dtype == np.float32 else as_float32(x))
        if not finite.all():
            self._refuse(~finite, x, what, lambda _: "a finite number")

    def validate(self, x: np.ndarray, *, what: str = "vector") -> None:
        """Check shape, finiteness and bounds, as float32.

        Raises:
            InvalidVector: names the entry, its value and the bound it breaks.
        """
        self.require_finite(x, what=what)
        self._refuse(as_float32(x) < self.low_array, x, what, lambda i: f"at least {self.low[i]}")
        self._refuse(as_float32(x) > self.high_array, x, what, lambda i: f"at most {self.high[i]}")

    def clip(self, x: np.ndarray, *, what: str = "vector") -> Float32[np.ndarray, "n"]:
        """The nearest vector within bounds.

        Raises:
            InvalidVector: wrong shape, NaN or infinity.
        """
        self.require_finite(x, what=what)
        return np.clip(as_float32(x), self.low_array, self.high_array)

    def _refuse(self, broken: np.ndarray, x: np.ndarray, what: str, expected: Callable[[int], str]) -> None:
        if broken.any():
            i = int(np.argmax(broken))
            raise InvalidVector(
                f"{what}[{i}] {self.names[i]}: expected {expected(i)} {self.units[i]}, found {x[i]}", index=i
            )


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def _read_only(bounds: tuple[float, ...]) -> Float32[np.ndarray, "n"]:
    array = np.asarray(bounds, np.float32)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, kw_only=True)
class CameraSpec(config.Strict):
    """Size of a camera's RGB image, uint8, (height, width, 3)."""

    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise InvalidSpec(f"a camera image needs at least one pixel, found {self.height} x {self.width}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape of one frame."""
        return (self.height, self.width, 3)

    def validate(self, image: np.ndarray, *, what: str = "image") -> None:
        """Check shape and dtype.

        Raises:
            InvalidImage: says what was expected and found.
        """
        if image.shape != self.shape or image.dtype != np.uint8:
            raise InvalidImage(f"{what}: expected {self.shape} uint8 RGB, found {image.shape} {image.dtype}")


@dataclass(frozen=True, kw_only=True)
class GripperSpec(config.Strict):
    """How the gripper is commanded.

    Attributes:
        action: name of the action entry that commands it.
        mode: "continuous", or "binary": only the side of `threshold` counts.
        closes: whether values above `threshold` close ("above") or open ("below" closes) the fingers.
        threshold: where a binary command changes side, in action units.
    """

    action: str
    mode: Literal["continuous", "binary"]
    closes: Literal["above", "below"]
    threshold: float = 0.0

    def __str__(self) -> str:
        return f"{self.mode}, closes {self.closes} {self.threshold:g} of {self.action}"

    def __post_init__(self) -> None:
        if not math.isfinite(self.threshold):
            raise InvalidSpec(f"the gripper's threshold must be finite, found {self.threshold}")


@dataclass(frozen=True, kw_only=True)
class RobotSpec(config.Strict):
    """What a robot measures and accepts.

    Attributes:
        name: robot and, in a simulator, the scene ("metaworld:assembly").
        state: the state vector, S entries.
        action: the action vector, A entries.
        cameras: image size by camera name.
        control_hz: control periods per second.
        gripper: how the gripper is commanded; None where there is none.
    """

    name: str
    state: VectorSpec
    action: VectorSpec
    control_hz: float
    cameras: dict[str, CameraSpec] = field(default_factory=dict[str, CameraSpec])
    gripper: GripperSpec | None = None

    def __post_init__(self) -> None:
        if not 0 < self.control_hz < math.inf:
            raise InvalidSpec(f"control_hz must be positive and finite, found {self.control_hz}")
        if self.gripper is not None and self.gripper.action not in self.action.names:
            raise InvalidSpec(f"the gripper's action {self.gripper.action!r} is none of {', '.join(self.action.names)}")

    def differences(self, other: "RobotSpec") -> tuple[str, ...]:
        """One line for each entry of `self` that `other` lacks or gives differently.

        `self` is what a policy or data set needs, `other` what is offered: further cameras and another name are fine.
        """
        return tuple(self._differences(other))

    def _differences(self, other: "RobotSpec") -> Iterator[str]:
        for vector in ("state", "action"):
            needed: VectorSpec = getattr(self, vector)
            offered: VectorSpec = getattr(other, vector)
            if needed.names != offered.names:
                lacking = [name for name in needed.names if name not in offered.names]
                beyond = [name for name in offered.names if name not in needed.names]
                detail = f", lacking {_shortened(lacking)}" if lacking else ""
                detail += f", beyond them {_shortened(beyond)}" if beyond else ""
                detail = detail or f" in another order: {_shortened(offered.names)}"
                yield f"{vector}: needs {len(needed)} entries, finds {len(offered)}{detail}"
                continue
            for i, name in enumerate(needed.names):
                expected = (needed.units[i], needed.low[i], needed.high[i])
                found = (offered.units[i], offered.low[i], offered.high[i])
                if expected != found:
                    yield f"{vector} {name}: needs (unit, low, high) {expected}, finds {found}"
        for camera, size in self.cameras.items():
            if camera not in other.cameras:
                yield f"camera {camera}: needed, offered are {', '.join(other.cameras) or 'none'}"
            elif size != other.cameras[camera]:
                yield f"camera {camera}: needs {size.shape}, finds {other.cameras[camera].shape}"
        if self.control_hz != other.control_hz:
            yield f"control_hz: needs {self.control_hz}, finds {other.control_hz}"
        if self.gripper != other.gripper:
            yield f"gripper: needs {self.gripper or 'none'}; finds {other.gripper or 'none'}"

    def is_compatible(self, other: "RobotSpec") -> bool:
        """Whether something made for `self` may be used with `other`."""
        return not self.differences(other)

    def require(self, other: "RobotSpec", *, what: str) -> None:
        """Refuse `other` unless it fits.

        Args:
            what: what is being put together, for the message: "checkpoint X on robot Y".

        Raises:
            SpecMismatch: names the first few entries that differ; its `differences` hold them all.
        """
        differences = self.differences(other)
        if differences:
            shown = "; ".join(differences[:_SHOWN])
            more = len(differences) - _SHOWN
            raise SpecMismatch(
                f"{what}: {shown}{f'; and {more} more differences' if more > 0 else ''}; "
                "use what was recorded on, or trained for, this robot",
                differences,
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe dictionary."""
        return config.to_dict(self)

    @classmethod
    def from_dict(cls, data: object, *, source: str) -> "RobotSpec":
        """Inverse of `to_dict`.

        Raises:
            ConfigError: names the field that does not fit.
        """
        return config.from_dict(RobotSpec, data, source=source)
