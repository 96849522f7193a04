"""Where a policy server is asked."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from clam_robot.errors import ConfigError


def address_of(url: str, *, path: str = "", **asked: str | None) -> str:
    """The address of a conversation.

    Args:
        url: of the server, as a user gives it: "ws://127.0.0.1:8000", "wss://gpu-box:8000/?model=other".
        path: of the conversation, below the server's.
        asked: words of the query, which count before those in `url`; None is left out.

    Raises:
        ConfigError: the URL is none of a WebSocket.
    """
    refusal = ConfigError(f"url: expected ws://HOST:PORT or wss://HOST:PORT, found {url!r}")
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        raise refusal from None
    if not is_one:
        raise refusal
    query = dict(parse_qsl(parts.query)) | {key: value for key, value in asked.items() if value is not None}
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + path, urlencode(query), ""))
