"""Actions over HTTP: `POST /v1/act`, and `POST /act` as OpenVLA's clients send it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from clam_robot.types import ActionChunk
from policy_server.act_request import SESSION, ActAnswer, ActRequest, answer_of
from policy_server.api_docs import json_body
from policy_server.api_keys import Caller
from policy_server.fields import Fields
from policy_server.http_body import read_body
from policy_server.http_sessions import HttpSessions
from policy_server.openvla import encode_action, message_of
from policy_server.openvla import read_body as read_openvla
from policy_server.packing import MalformedMessage, pack, unpack
from policy_server.protocol import IMAGES, STATE, TIME, Timing, decode_request, encode_chunk
from policy_server.refusals import RefusedAnswer
from policy_server.service import PolicyService

MSGPACK = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")
JSON = "application/json"

# Names of the policy protocol, and those of the same in JSON.
Keys = Mapping[str, str]
_JSON_KEYS: Keys = {STATE: "state", IMAGES: "images.", TIME: "time"}
_OPENVLA_KEYS: Keys = {STATE: "state", IMAGES: "", TIME: "time"}

_BINARY: dict[str, Any] = {"content": {MSGPACK[0]: {"schema": {"type": "string", "format": "binary"}}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": RefusedAnswer, "description": words}
    for status, words in {
        401: "no key, or an unknown one",
        403: "the key is for other things",
        404: "no such model",
        413: "larger than the server reads",
        422: "a field is missing or does not fit; says which, what was expected and what came",
        429: "too many requests",
        500: "the policy failed",
        503: "too many robots",
        504: "no answer in time",
    }.items()
}


def act_routes(service: PolicyService) -> APIRouter:
    """The routes of a service."""
    router = APIRouter(responses=_REFUSALS)
    sessions = HttpSessions(service)
    limit = service.config.max_frame_bytes

    def caller_of(request: Request) -> Caller:
        caller = service.admit(request.headers.get("authorization"), "infer")
        host = "" if request.client is None else request.client.host
        sessions.require_rate(f"{caller.name} {host}")
        return caller

    async def answer(
        message: object,
        caller: Caller,
        *,
        received: float,
        name: str | None = None,
        model: str | None = None,
        keys: Keys | None = None,
    ) -> tuple[ActionChunk, Timing]:
        async with sessions.turn(caller, name, model) as session:
            with _naming(keys):
                read = await service.decoders.run(lambda: decode_request(message, session.info.robot), limit)
            if read.reset:
                session.begin_episode()
            found = await session.answer(read.observation, received)
            service.metrics.count_answer(session.info.model, "http", session.mark_sent())
            return found

    @router.post("/v1/act", response_model=ActAnswer, responses={200: _BINARY}, openapi_extra=_two_bodies())
    async def act(request: Request) -> Response:
        """Actions for one observation, in JSON, or in msgpack as on the WebSocket; the answer is of the same kind.

        A msgpack request is the dictionary of the policy protocol, with `session` and `model` beside it where needed.
        """
        received = service.clock.now()
        caller = caller_of(request)
        with service.place("http"):
            body = await read_body(request, limit, service.config.infer_timeout)
            if request.headers.get("content-type", JSON).partition(";")[0].strip().lower() in MSGPACK:
                message = await service.decoders.run(lambda: unpack(body), len(body))
                fields = Fields(message, "request")
                name, model = _session_of(fields), fields.optional_text("model")
                found = await answer(message, caller, name=name, model=model, received=received)
                return Response(pack(encode_chunk(*found)), media_type=MSGPACK[0])
            asked = await service.decoders.run(lambda: _asked(body), len(body))
            found = await answer(
                asked.message(), caller, name=asked.session, model=asked.model, received=received, keys=_JSON_KEYS
            )
            return Response(answer_of(*found).model_dump_json(), media_type=JSON)

    @router.post("/act", openapi_extra=_any_json())
    async def openvla_act(request: Request) -> Response:
        """One action, as clients of OpenVLA's server ask for it: `image`, `instruction`, here with `state`."""
        received = service.clock.now()
        caller = caller_of(request)
        with service.place("http"):
            body = await read_body(request, limit, service.config.infer_timeout)
            robot = service.models.get().info.robot

            def read() -> tuple[dict[str, Any], bool]:
                content, encoded = read_openvla(body)
                return message_of(content, robot), encoded

            message, encoded = await service.decoders.run(read, len(body))
            chunk, _ = await answer(message, caller, received=received, keys=_OPENVLA_KEYS)
            return Response(encode_action(chunk.actions[0], encoded=encoded), media_type=JSON)

    return router


@contextmanager
def _naming(keys: Keys | None) -> Iterator[None]:
    """What does not fit is told by the names under which the client sent it."""
    try:
        yield
    except MalformedMessage as error:
        words = str(error)
        for ours, theirs in (keys or {}).items():
            words = words.replace(ours, theirs)
        raise MalformedMessage(words) from None


def _asked(body: bytes) -> ActRequest:
    try:
        return ActRequest.model_validate_json(body)
    except ValidationError as error:
        raise MalformedMessage(_in_words(error)) from None


def _session_of(fields: Fields) -> str | None:
    name = fields.optional_text("session")
    if name is not None and not re.fullmatch(SESSION, name):
        raise MalformedMessage(f"session: expected letters, digits, '.', '_' or '-', at most 64, found {name!r:.40}")
    return name


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=True)[0]
    where = ".".join(str(part) for part in first["loc"]) or "request"
    found = f"{first.get('input')!r:.40}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {first['msg']}, found {found}{more}"


def _two_bodies() -> dict[str, Any]:
    bodies = json_body(ActRequest)
    bodies["requestBody"]["content"] |= _BINARY["content"]
    return bodies


def _any_json() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}}
