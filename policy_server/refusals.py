"""Why a request is refused: one code for programs, one sentence for people, the same on every transport."""

from dataclasses import dataclass
from typing import Literal, get_args

from clam_robot import config
from clam_robot.errors import ClamRobotError, PolicyRefused, PolicyUnavailable, SpecError
from policy_server.packing import MalformedMessage

Code = Literal[
    "invalid_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "too_large",
    "rate_limited",
    "busy",
    "policy_failed",
    "policy_timeout",
    "internal",
]
CODES: tuple[Code, ...] = get_args(Code)

_HTTP_STATUS: dict[Code, int] = {
    "invalid_request": 422,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "too_large": 413,
    "rate_limited": 429,
    "busy": 503,
    "policy_failed": 500,
    "policy_timeout": 504,
    "internal": 500,
}


class Refused(ClamRobotError):
    """A request that is not answered.

    Attributes:
        code: for programs.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code

    @property
    def http_status(self) -> int:
        """Of an HTTP answer."""
        return _HTTP_STATUS[self.code]


@dataclass(frozen=True, kw_only=True)
class Refusal(config.Strict):
    """The body of a refused HTTP request, under `error`.

    Attributes:
        code: for programs; the list is in the server's documentation.
        message: what was expected, what was found, what to do.
    """

    code: Code
    message: str


@dataclass(frozen=True, kw_only=True)
class RefusedAnswer(config.Strict):
    """What a refused HTTP request gets.

    Attributes:
        error: why.
    """

    error: Refusal


def refused(error: Exception) -> Refused:
    """Any error as a refusal whose words a stranger may read: what is not ours says nothing of itself."""
    match error:
        case Refused():
            return error
        case MalformedMessage() | SpecError():
            return Refused("invalid_request", str(error))
        case PolicyUnavailable():
            return Refused("policy_timeout", str(error))
        case PolicyRefused():
            return Refused("policy_failed", str(error))
        case _:
            return Refused("internal", "the server failed; its log says where")
