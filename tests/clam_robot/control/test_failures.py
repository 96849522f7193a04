"""Failures are kept until the end; the cause is raised and the others are noted on it."""

import pytest

from clam_robot.control.failures import Failures
from clam_robot.errors import PolicyUnavailable


def test_nothing_failed_nothing_raised() -> None:
    failures = Failures()
    with failures.during("walking"):
        pass
    assert not failures
    failures.raise_cause()


def test_the_first_failure_is_the_cause_and_the_others_are_its_notes() -> None:
    failures = Failures()
    with failures.during("walking"):
        raise ValueError("stumbled")
    with failures.during("falling"):
        raise OSError("hit the ground")
    assert failures
    with pytest.raises(ValueError, match="stumbled") as caught:
        failures.raise_cause()
    assert caught.value.__notes__ == ["also, while falling: OSError('hit the ground')"]


def test_a_block_is_left_at_its_failure_and_the_program_goes_on_behind_it() -> None:
    failures = Failures()
    reached: list[str] = []
    with failures.during("walking"):
        reached.append("inside")
        raise SystemExit(1)
        reached.append("never")
    reached.append("behind")
    assert reached == ["inside", "behind"]


@pytest.mark.parametrize(
    ("errors", "end"),
    [
        ([ValueError()], "fault"),
        ([PolicyUnavailable()], "policy"),
        ([PolicyUnavailable(), ValueError()], "policy"),
        ([ValueError(), PolicyUnavailable()], "fault"),
        ([ValueError(), KeyboardInterrupt()], "interrupted"),
        ([SystemExit(1)], "interrupted"),
    ],
)
def test_the_end_is_named_after_the_cause(errors: list[BaseException], end: str) -> None:
    failures = Failures()
    for error in errors:
        failures.keep("walking", error)
    assert failures.end == end
