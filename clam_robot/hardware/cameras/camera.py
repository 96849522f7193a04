"""What every camera is, and what it gives."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8, UInt16

from clam_robot.specs import CameraSpec


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture.

    Attributes:
        image: (H, W, 3) RGB.
        time: when it was captured, by the robot's clock [s].
        sequence: the device's count of frames, with gaps where it dropped some; None where it counts none.
        depth: (H, W) distance along the optical axis, pixel by pixel of `image`, in `depth_unit`; 0 where unknown.
        depth_unit: of `depth` [m].
    """

    image: UInt8[np.ndarray, "H W 3"]
    time: float
    sequence: int | None = None
    depth: UInt16[np.ndarray, "H W"] | None = None
    depth_unit: float = 0.001


@runtime_checkable
class Camera(Protocol):
    """A camera at the edge of the hardware; one thread uses it at a time.

    Constructors touch no device. `open` and `close` may be called twice, and `open` again after `close`.
    """

    @property
    def spec(self) -> CameraSpec:
        """Size of its images, known before it is opened."""
        ...

    @property
    def fps(self) -> float:
        """Frames per second it is asked for."""
        ...

    @property
    def serial(self) -> str:
        """What tells it from others of its kind: a serial number, a path."""
        ...

    @property
    def time_source(self) -> str:
        """Where the times of its frames come from: "device", "driver", or "arrival"."""
        ...

    def open(self) -> None:
        """Begin to stream.

        Raises:
            CameraUnavailable: it is missing, taken, or cannot do what is asked; says what to do.
        """
        ...

    def close(self) -> None:
        """Stop streaming and let go of the device."""
        ...

    def read(self, timeout: float) -> Frame:
        """The next frame, in fresh arrays that the caller may keep.

        Args:
            timeout: longest wait [s].

        Raises:
            NotConnected: open() comes first.
            CameraSilent: none came in time; the camera may go on.
            CameraUnavailable: it is gone; close it, and open it when it is back.
        """
        ...
