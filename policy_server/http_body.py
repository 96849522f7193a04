"""The body of an HTTP request, up to a limit."""

from fastapi import Request

from policy_server.refusals import Refused


async def read_body(request: Request, limit: int) -> bytes:
    """All of the body.

    Args:
        limit: longest that is read [byte].

    Raises:
        Refused: it is longer, or says that it will be.
    """
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
