"""What both WebSocket conversations do alike: let in, read frames, send within a time, refuse in words."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import ExitStack, asynccontextmanager
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from clam_robot import config
from policy_server.metrics import Transport
from policy_server.packing import MalformedMessage
from policy_server.refusals import Refusal, Refused, RefusedAnswer
from policy_server.service import PolicyService
from policy_server.session import Session

logger = logging.getLogger(__name__)


@asynccontextmanager
async def admitted(websocket: WebSocket, service: PolicyService, transport: Transport) -> AsyncIterator[Session | None]:
    """A session for a client that was let in and given a place; None for one that was refused, and told why.

    The model is the one that the address asks for (`?model=NAME`), else the default one.
    """
    with ExitStack() as held:
        try:
            service.admit(websocket.headers.get("authorization"), "infer")
            session = service.session(websocket.query_params.get("model"))
            held.enter_context(service.place(transport))
        except Refused as error:
            logger.info("refused to let in: %s", error)
            service.metrics.count_reject(error.code)
            await _deny(websocket, error)
            yield None
            return
        try:
            await websocket.accept()
            yield session
        except WebSocketDisconnect:
            logger.info("client left after %d answers", session.num_answers)


def frame_of(message: Mapping[str, Any]) -> bytes:
    """The binary frame that came.

    Raises:
        WebSocketDisconnect: the client left.
        MalformedMessage: a text frame.
    """
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    frame = message.get("bytes")
    if frame is None:
        raise MalformedMessage("request: expected a binary frame with a msgpack dictionary, found a text frame")
    return frame


async def send(websocket: WebSocket, frame: bytes | str, timeout: float) -> None:
    """Send a frame to a client that reads.

    Raises:
        WebSocketDisconnect: it left, or does not read for `timeout` [s].
    """
    sending = websocket.send_bytes(frame) if isinstance(frame, bytes) else websocket.send_text(frame)
    await _in_time(sending, timeout)


async def close(websocket: WebSocket, code: int, timeout: float) -> None:
    """Close the connection of a client that reads.

    Raises:
        WebSocketDisconnect: it left, or does not read for `timeout` [s].
    """
    await _in_time(websocket.close(code), timeout)


async def _in_time(sending: Coroutine[Any, Any, None], timeout: float) -> None:
    try:
        async with asyncio.timeout(timeout):
            await sending
    except TimeoutError:
        logger.warning("a client read nothing for %g s; its connection is closed", timeout)
        raise WebSocketDisconnect(1001) from None


async def _deny(websocket: WebSocket, error: Refused) -> None:
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        answer = RefusedAnswer(error=Refusal(code=error.code, message=str(error)))
        await websocket.send_denial_response(JSONResponse(config.to_dict(answer), error.http_status))
    else:
        await websocket.close(1008)
