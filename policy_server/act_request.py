"""Requests over HTTP: JSON for whoever has no msgpack, and what is answered."""

from typing import Annotated, Any

import numpy as np
from pydantic import Base64Bytes, BaseModel, ConfigDict, Discriminator, Field, Tag

from clam_robot.types import ActionChunk
from policy_server.protocol import IMAGES, RESET, STATE, TIME, Timing

SESSION = r"^[A-Za-z0-9._-]{1,64}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)  # "yes" is no truth, and "1.0" no number


class JpegImage(_Strict):
    """A camera's image as a JPEG file, in base64."""

    jpeg: Base64Bytes


class RawImage(_Strict):
    """A camera's image as rows of RGB bytes, in base64."""

    data: Base64Bytes
    shape: Annotated[tuple[int, int, int], Field(description="height, width and 3")]


def _kind(image: object) -> str:
    """Which of the two it is meant to be, so that what is wrong is told of that one only."""
    return "raw" if isinstance(image, RawImage) or (isinstance(image, dict) and "data" in image) else "jpeg"


Image = Annotated[Annotated[JpegImage, Tag("jpeg")] | Annotated[RawImage, Tag("raw")], Discriminator(_kind)]


class ActRequest(_Strict):
    """One observation."""

    state: Annotated[list[float], Field(description="(S,) in the order of the spec's state", max_length=10_000)]
    images: Annotated[dict[str, Image], Field(description="by camera", max_length=64)] = {}
    time: Annotated[float, Field(description="when the state was measured, by the robot's clock [s]", ge=0.0)] = 0.0
    session: Annotated[
        str | None,
        Field(description="whose history it belongs to; without one the policy knows nothing before", pattern=SESSION),
    ] = None
    reset: Annotated[bool, Field(description="whether a new episode of the session begins with it")] = False
    model: Annotated[str | None, Field(description="asked; the default one without", max_length=100)] = None

    def message(self) -> dict[str, Any]:
        """The same as a message of the policy protocol, which is read and checked in one place."""
        message: dict[str, Any] = {STATE: np.array(self.state, np.float64), TIME: self.time, RESET: self.reset}
        for camera, image in self.images.items():
            message[IMAGES + camera] = image.jpeg if isinstance(image, JpegImage) else _pixels(image)
        return message


class ActTiming(_Strict):
    """Where the time went [ms]."""

    policy_ms: Annotated[float, Field(description="the policy's inference")]
    server_ms: Annotated[float, Field(description="from the request's arrival to its answer")]


class ActAnswer(_Strict):
    """A chunk of actions; row k is due at observation_time + k * dt."""

    actions: Annotated[list[list[float]], Field(description="(H, A) in physical units")]
    dt: Annotated[float, Field(description="time between rows [s]")]
    observation_time: Annotated[float, Field(description="the request's own time [s]")]
    latent_actions: Annotated[list[list[float]] | None, Field(description="(H, Z), where the policy has them")] = None
    timing: ActTiming


def answer_of(chunk: ActionChunk, timing: Timing) -> ActAnswer:
    """The answer for a chunk."""
    latents = chunk.latent_actions
    return ActAnswer(
        actions=chunk.actions.tolist(),
        dt=chunk.dt,
        observation_time=chunk.observation_time,
        latent_actions=None if latents is None else latents.tolist(),
        timing=ActTiming(policy_ms=timing.policy_ms, server_ms=timing.server_ms),
    )


def _pixels(image: RawImage) -> object:
    """The image where its bytes fit its shape; else something that is none, which the protocol refuses by name."""
    if min(image.shape) <= 0 or int(np.prod(image.shape, dtype=object)) != len(image.data):
        return f"{len(image.data)} bytes for {image.shape}"
    return np.frombuffer(image.data, np.uint8).reshape(image.shape)
