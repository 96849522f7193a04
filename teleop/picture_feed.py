"""Newest camera pictures as JPEG for pages: each is encoded once, however many look, and none while nobody does."""

import asyncio
from dataclasses import dataclass

import imagecodecs
import numpy as np
from jaxtyping import UInt8
from pydantic_core import to_json

from clam_robot.timing import Clock
from clam_robot.types import Observation
from teleop.session_state import SessionControl

_QUALITY = 75
_LARGEST_WIDTH = 640  # [pixel]


@dataclass(frozen=True, kw_only=True)
class PictureHeading:
    """What is told of a picture.

    Attributes:
        camera: its name.
        age: since it was captured, when it was sent [s].
        size: of its JPEG [byte].
    """

    camera: str
    age: float
    size: int


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The pictures of one moment, encoded.

    Attributes:
        times: when each camera captured [s].
        jpegs: by camera.
    """

    times: dict[str, float]
    jpegs: dict[str, bytes]

    def message(self, now: float) -> bytes:
        """Length of the headings (4 bytes, big-endian), the headings as JSON, then the JPEGs one after the other."""
        headings = to_json(
            [
                PictureHeading(camera=camera, age=max(0.0, now - self.times[camera]), size=len(jpeg))
                for camera, jpeg in self.jpegs.items()
            ],
            inf_nan_mode="null",
        )
        return b"".join([len(headings).to_bytes(4, "big"), headings, *self.jpegs.values()])


class PictureFeed:
    """Pictures of a session.

    Args:
        control: of the session.
        clock: that frames are stamped by.
    """

    def __init__(self, control: SessionControl, clock: Clock) -> None:
        self._control, self._clock = control, clock
        self._newest: Pictures | None = None
        self._encoding = asyncio.Lock()

    async def newer_than(self, seen: Pictures | None) -> Pictures | None:
        """The newest pictures; None where they are those that were seen, or there are none."""
        async with self._encoding:
            step = await asyncio.to_thread(self._control.newest_step)
            if step is None or not step.observation.images:
                return None
            times = _times(step.observation)
            if self._newest is None or self._newest.times != times:
                self._newest = await asyncio.to_thread(_encoded, step.observation, times, self._newest)
        return None if self._newest is seen else self._newest

    def message(self, pictures: Pictures) -> bytes:
        """What is sent of them now."""
        return pictures.message(self._clock.now())

    def nothing(self) -> bytes:
        """What is sent where there is nothing new."""
        return Pictures(times={}, jpegs={}).message(self._clock.now())


def _times(observation: Observation) -> dict[str, float]:
    return {camera: observation.image_times.get(camera, observation.time) for camera in observation.images}


def _encoded(observation: Observation, times: dict[str, float], last: Pictures | None) -> Pictures:
    jpegs: dict[str, bytes] = {}
    for camera, image in observation.images.items():
        if last is not None and last.times.get(camera) == times[camera]:
            jpegs[camera] = last.jpegs[camera]
        else:
            jpegs[camera] = _jpeg(image)
    return Pictures(times=times, jpegs=jpegs)


def _jpeg(image: UInt8[np.ndarray, "H W 3"]) -> bytes:
    stride = -(-image.shape[1] // _LARGEST_WIDTH)
    return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(image[::stride, ::stride]), level=_QUALITY))
