"""The messages of the policy protocol: dictionaries that openpi clients read and write, and their types here.

Request (client to server)                          Reply (server to client)
    observation/state         (S,) float32              actions           (H, A) float32
    observation/images/<cam>  (H, W, 3) uint8 RGB, or   latent_actions    (H, Z) float32, where the policy has them
                              a JPEG file (bytes)       dt                time between rows [s]
    observation/image         the same, when the spec   observation_time  the request's own time, 0 without one [s]
                              has one camera            policy_timing     {infer_ms}
    observation/time          optional [s]              server_timing     {infer_ms, prev_total_ms}
    observation/image_times   optional {cam: [s]}
    reset                     optional bool

Before the first request the server sends `PolicyInfo.to_dict()`. An error is a text frame, and the connection ends.
Keys that are not in the table (`prompt`, further cameras) are ignored, so clients may send what they have.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation
from policy_server.fields import Fields
from policy_server.packing import MalformedMessage

STATE = "observation/state"
IMAGE = "observation/image"
IMAGES = "observation/images/"
TIME = "observation/time"
IMAGE_TIMES = "observation/image_times"
RESET = "reset"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Where the time of one answer went.

    Attributes:
        policy_ms: the policy's own inference [ms].
        server_ms: from the request's arrival to its answer, waiting for others included [ms].
        previous_total_ms: the connection's previous request, sending included [ms]; None for the first.
    """

    policy_ms: float
    server_ms: float
    previous_total_ms: float | None = None


def observation_keys(spec: RobotSpec) -> tuple[str, ...]:
    """The keys a request must have."""
    return (STATE, *(IMAGES + camera for camera in spec.cameras))


def encode_observation(observation: Observation, spec: RobotSpec, *, reset: bool = False) -> dict[str, Any]:
    """The request for an observation, with the cameras `spec` names and no others.

    Args:
        reset: whether the policy shall forget its episode before it sees this observation.

    Raises:
        InvalidVector: the state has the wrong shape or is not finite.
        InvalidImage: a camera is missing, or has the wrong shape or dtype.
    """
    observation.validate(spec)
    message: dict[str, Any] = {STATE: observation.state, TIME: observation.time}
    for camera in spec.cameras:
        message[IMAGES + camera] = observation.images[camera]
    times = {camera: time for camera, time in observation.image_times.items() if camera in spec.cameras}
    if times:
        message[IMAGE_TIMES] = times
    if reset:
        message[RESET] = True
    return message


def decode_observation(message: object, spec: RobotSpec) -> Observation:
    """The observation of a request, in fresh arrays.

    Raises:
        MalformedMessage: a key is missing or of the wrong type, shape or dtype.
        InvalidVector: the state is not finite.
    """
    request = Fields(message, "request")
    names = spec.state.names
    times = request.section(IMAGE_TIMES)
    observation = Observation(
        time=request.number(TIME, 0.0),
        state=request.floats(STATE, (len(names),), names),
        images={
            camera: request.image(_image_key(request, spec, camera), size.shape)
            for camera, size in spec.cameras.items()
        },
        image_times={camera: times.number(camera) for camera in spec.cameras if camera in times},
    )
    observation.validate(spec)
    return observation


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client asks.

    Attributes:
        observation: to act on.
        reset: whether a new episode begins with it.
    """

    observation: Observation
    reset: bool


def decode_request(message: object, spec: RobotSpec) -> Request:
    """The request of a message.

    Raises:
        MalformedMessage: a key is missing or of the wrong type, shape or dtype.
        InvalidVector: the state is not finite.
    """
    return Request(observation=decode_observation(message, spec), reset=Fields(message, "request").flag(RESET))


def encode_chunk(chunk: ActionChunk, timing: Timing) -> dict[str, Any]:
    """The reply for a chunk."""
    server_timing = {"infer_ms": timing.server_ms}
    if timing.previous_total_ms is not None:
        server_timing["prev_total_ms"] = timing.previous_total_ms
    reply: dict[str, Any] = {
        "actions": np.asarray(chunk.actions, np.float32),
        "dt": chunk.dt,
        "observation_time": chunk.observation_time,
        "policy_timing": {"infer_ms": timing.policy_ms},
        "server_timing": server_timing,
    }
    if chunk.latent_actions is not None:
        reply["latent_actions"] = np.asarray(chunk.latent_actions, np.float32)
    return reply


def decode_chunk(message: object, spec: RobotSpec) -> ActionChunk:
    """The chunk of a reply, in fresh arrays.

    Raises:
        MalformedMessage: a key is missing or of the wrong type or shape, or an action is not finite.
    """
    reply = Fields(message, "reply")
    dt = reply.number("dt")
    if dt <= 0:
        raise MalformedMessage(f"dt: expected a positive number of seconds, found {dt}")
    names = spec.action.names
    actions = reply.floats("actions", ("H", len(names)), names)
    latents = None
    if "latent_actions" in reply:
        latents = reply.floats("latent_actions", (len(actions), "Z"), ())
    chunk = ActionChunk(
        actions=actions, observation_time=reply.number("observation_time"), dt=dt, latent_actions=latents
    )
    require_executable(chunk, spec)
    return chunk


def decode_timing(message: object) -> Timing:
    """The timing of a reply.

    Raises:
        MalformedMessage: a key is missing or not a number.
    """
    reply = Fields(message, "reply")
    server = reply.section("server_timing")
    return Timing(
        policy_ms=reply.section("policy_timing").number("infer_ms"),
        server_ms=server.number("infer_ms"),
        previous_total_ms=server.number("prev_total_ms") if "prev_total_ms" in server else None,
    )


def require_executable(chunk: ActionChunk, spec: RobotSpec) -> None:
    """Refuse a chunk that no robot of this spec can execute. Bounds are left to the safety limiter.

    Raises:
        MalformedMessage: names the row and the action.
    """
    names = spec.action.names
    if chunk.actions.shape[1] != len(names):
        raise MalformedMessage(
            f"actions: expected (H, {len(names)}) [{', '.join(names)}], found shape {chunk.actions.shape}"
        )
    is_finite = np.isfinite(chunk.actions)
    if not is_finite.all():
        row, column = (int(i) for i in np.argwhere(~is_finite)[0])
        found = chunk.actions[row, column]
        raise MalformedMessage(f"actions[{row}] {names[column]}: expected a finite number, found {found}")
    if chunk.latent_actions is not None and len(chunk.latent_actions) != len(chunk.actions):
        expected, rows = len(chunk.actions), len(chunk.latent_actions)
        raise MalformedMessage(f"latent_actions: expected {expected} rows, one for each action, found {rows}")


def _image_key(request: Fields, spec: RobotSpec, camera: str) -> str:
    is_short = len(spec.cameras) == 1 and IMAGES + camera not in request and IMAGE in request
    return IMAGE if is_short else IMAGES + camera
