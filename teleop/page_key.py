"""Who may do more on a page than stop: whoever opened it by the address that the program printed."""

import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import HTTPException, WebSocket
from starlette.requests import HTTPConnection

HEADER = "X-Page-Key"


class PageKey:
    """The key of one run.

    Args:
        secret: what has to be given; None lets in whoever reaches the page, which is for loopback addresses.
    """

    def __init__(self, secret: str | None) -> None:
        self._secret = secret

    def is_fitting(self, given: str) -> bool:
        """Whether this is the key."""
        return self._secret is None or hmac.compare_digest(given.encode(), self._secret.encode())

    def require(self, request: HTTPConnection) -> None:
        """Let a request in by its header.

        Raises:
            HTTPException: 403, without the key or from another site.
        """
        if not self.is_fitting(request.headers.get(HEADER, "")):
            raise HTTPException(
                403, f"expected the key of this run in the header {HEADER}; open the page by the address printed"
            )
        if not is_own_page(request):
            raise HTTPException(403, "expected a request of this page, found one of another site")

    async def admit(self, websocket: WebSocket) -> bool:
        """Accept a WebSocket whose address has the key; others are told by the code it closes with."""
        may_enter = is_own_page(websocket) and self.is_fitting(websocket.query_params.get("key", ""))
        await websocket.accept()
        if not may_enter:
            await websocket.close(WRONG_KEY, "open the page by the address printed")
        return may_enter


def new_secret() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(12)


def is_own_page(request: HTTPConnection) -> bool:
    """Whether a browser sends this from a page of ours, or no browser sends it: other sites can reach loopback too."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


# Close codes of WebSockets from 4000 on are the application's own.
WRONG_KEY = 4403
