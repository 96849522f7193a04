"""One code for programs, one sentence for people."""

import pytest

from clam_robot.errors import CheckpointError, InvalidVector, PolicyRefused, PolicyUnavailable
from policy_server.packing import MalformedMessage
from policy_server.refusals import CODES, Code, Refused, refused


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (MalformedMessage("m"), "invalid_request", 422),
        (InvalidVector("m"), "invalid_request", 422),
        (PolicyUnavailable("m"), "policy_timeout", 504),
        (PolicyRefused("m"), "policy_failed", 500),
        (Refused("unauthorized", "m"), "unauthorized", 401),
        (Refused("forbidden", "m"), "forbidden", 403),
        (Refused("not_found", "m"), "not_found", 404),
        (Refused("too_large", "m"), "too_large", 413),
        (Refused("rate_limited", "m"), "rate_limited", 429),
        (Refused("busy", "m"), "busy", 503),
    ],
)
def test_an_error_of_ours_keeps_its_words(error: Exception, code: Code, status: int) -> None:
    found = refused(error)
    assert (found.code, str(found), found.http_status) == (code, "m", status)


@pytest.mark.parametrize("error", [RuntimeError("/home/x"), CheckpointError("/home/x"), KeyError("/home/x")])
def test_any_other_says_nothing_of_itself(error: Exception) -> None:
    found = refused(error)
    assert (found.code, str(found), found.http_status) == ("internal", "the server failed; its log says where", 500)


def test_every_code_has_a_status_of_an_error() -> None:
    assert all(400 <= Refused(code, "").http_status < 600 for code in CODES)
