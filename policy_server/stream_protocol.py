"""The messages of the streaming protocol: msgpack dictionaries, each with a `type`.

Client to server                                    Server to client
    observation  sequence (int), and the keys of a      welcome  protocol_version, info (`PolicyInfo`)
                 lock-step request                      chunk    sequence, skipped, and the keys of a lock-step reply
    reset        begins an episode; answers to          error    code, message, sequence or None; the connection goes on
                 observations before it never come

`sequence` is the client's own number of an observation, growing. A chunk carries that of the observation it answers;
`skipped` counts the observations of the episode that were replaced by a newer one before a model saw them. The address
may name a model and the protocol: `/v1/stream?model=NAME&protocol=1`.
"""

from dataclasses import dataclass
from typing import Any

from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation
from policy_server.fields import Fields
from policy_server.jpeg import encode_jpeg
from policy_server.packing import MalformedMessage
from policy_server.policy_info import PROTOCOL_VERSION, PolicyInfo
from policy_server.protocol import (
    IMAGES,
    Timing,
    decode_chunk,
    decode_request,
    decode_timing,
    encode_chunk,
    encode_observation,
)
from policy_server.refusals import CODES, Refused

PATH = "/v1/stream"
MAX_SEQUENCE = 2**53


@dataclass(frozen=True, kw_only=True)
class StreamRequest:
    """What a client sends.

    Attributes:
        sequence: of the observation; 0 for a mere reset.
        observation: to act on; None for a mere reset.
        reset: whether a new episode begins with it.
    """

    sequence: int
    observation: Observation | None
    reset: bool


@dataclass(frozen=True, kw_only=True)
class StreamReply:
    """What a server pushes.

    Attributes:
        sequence: of the observation that is answered or refused; None where it is not known.
        chunk: the actions; None for an error.
        timing: where the time went; None for an error.
        skipped: observations of the episode that no model saw.
        error: why there is no chunk.
    """

    sequence: int | None
    chunk: ActionChunk | None = None
    timing: Timing | None = None
    skipped: int = 0
    error: Refused | None = None


def encode_request(request: StreamRequest, spec: RobotSpec, *, jpeg_quality: int | None = None) -> dict[str, Any]:
    """The message of a request.

    Args:
        jpeg_quality: images travel as JPEG of this quality [1 .. 100]; None sends them as they are.

    Raises:
        InvalidVector: the state has the wrong shape or is not finite.
        InvalidImage: a camera is missing, or has the wrong shape or dtype.
    """
    if request.observation is None:
        return {"type": "reset"}
    message = encode_observation(request.observation, spec, reset=request.reset)
    if jpeg_quality is not None:
        for camera in spec.cameras:
            message[IMAGES + camera] = encode_jpeg(request.observation.images[camera], jpeg_quality)
    return {"type": "observation", "sequence": request.sequence, **message}


def sequence_of(message: object) -> int | None:
    """The number of an observation, where it has one that makes sense: for refusing what else is wrong with it."""
    value = message.get("sequence") if isinstance(message, dict) else None
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SEQUENCE
    return value if is_number else None


def decode_stream_request(message: object, spec: RobotSpec) -> StreamRequest:
    """The request of a message.

    Raises:
        MalformedMessage: a key is missing or of the wrong type, shape or dtype.
        InvalidVector: the state is not finite.
    """
    kind = Fields(message, "request").choice("type", ("observation", "reset"))
    if kind == "reset":
        return StreamRequest(sequence=0, observation=None, reset=True)
    sequence = sequence_of(message)
    if sequence is None:
        raise MalformedMessage("sequence: expected the observation's number, a whole one of 0 or more")
    request = decode_request(message, spec)
    return StreamRequest(sequence=sequence, observation=request.observation, reset=request.reset)


def encode_welcome(info: PolicyInfo) -> dict[str, Any]:
    """The first frame of a connection."""
    return {"type": "welcome", "protocol_version": PROTOCOL_VERSION, "info": info.to_dict()}


def decode_welcome(message: object, *, source: str) -> PolicyInfo:
    """What is served.

    Raises:
        MalformedMessage: not a welcome.
        ConfigError: another protocol, or a field that does not fit.
    """
    Fields(message, source).choice("type", ("welcome",))
    return PolicyInfo.from_metadata(Fields(message, source).section("info").values(), source=source)


def encode_reply(reply: StreamReply) -> dict[str, Any]:
    """The message of a reply."""
    if reply.error is not None:
        code, message = reply.error.code, str(reply.error)
        return {"type": "error", "sequence": reply.sequence, "code": code, "message": message}
    assert reply.chunk is not None and reply.timing is not None
    body = encode_chunk(reply.chunk, reply.timing)
    return {"type": "chunk", "sequence": reply.sequence, "skipped": reply.skipped, **body}


def decode_reply(message: object, spec: RobotSpec) -> StreamReply:
    """The reply of a message.

    Raises:
        MalformedMessage: a key is missing or of the wrong type or shape, or an action is not finite.
    """
    fields = Fields(message, "reply")
    kind = fields.choice("type", ("chunk", "error"))
    sequence = sequence_of(message)
    if kind == "error":
        return StreamReply(sequence=sequence, error=Refused(fields.choice("code", CODES), fields.text("message")))
    return StreamReply(
        sequence=sequence,
        chunk=decode_chunk(message, spec),
        timing=decode_timing(message),
        skipped=int(fields.number("skipped")),
    )
