"""Bodies of HTTP requests."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import Request

from policy_server.http_body import read_body
from policy_server.refusals import Refused

FOR_EVER = 60.0


def read(
    parts: Iterator[bytes], *, timeout: float = FOR_EVER, waits: Callable[[], Any] = lambda: asyncio.sleep(0)
) -> bytes:
    async def receive() -> dict[str, Any]:
        part = next(parts, None)
        if part is None:
            await waits()
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": part, "more_body": True}

    return asyncio.run(read_body(Request({"type": "http", "headers": []}, receive), 10, timeout))


def test_a_body_is_read_in_parts_up_to_the_limit() -> None:
    assert read(iter([b"12345", b"67890"])) == b"1234567890"
    with pytest.raises(Refused, match="expected at most 10 bytes, found more") as refusal:
        read(iter([b"12345", b"67890", b"1"]))
    assert refusal.value.code == "too_large"


def test_a_body_that_does_not_end_is_given_up() -> None:
    with pytest.raises(Refused, match=r"expected all of it within 0.01 s, found a part") as refusal:
        read(iter([b"12345"]), timeout=0.01, waits=lambda: asyncio.sleep(FOR_EVER))
    assert refusal.value.code == "invalid_request"
