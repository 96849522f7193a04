"""The body of an HTTP request, up to a limit."""

import asyncio

from fastapi import Request

from policy_server.refusals import Refused


async def read_body(request: Request, limit: int, timeout: float) -> bytes:
    """All of the body.

    Args:
        limit: longest that is read [byte].
        timeout: longest wait for the whole of it [s].

    Raises:
        Refused: it is longer, or says that it will be, or does not come to its end in time.
    """
    try:
        async with asyncio.timeout(timeout):
            return await _read(request, limit)
    except TimeoutError:
        raise Refused("invalid_request", f"request: expected all of it within {timeout:g} s, found a part") from None


async def _read(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "0")
    body = bytearray()
    if not announced.isdecimal() or int(announced) <= limit:
        async for part in request.stream():
            body += part
            if len(body) > limit:
                break
        else:
            return bytes(body)
    raise Refused(
        "too_large", f"request: expected at most {limit} bytes, found more; send JPEG images or fewer of them"
    )
