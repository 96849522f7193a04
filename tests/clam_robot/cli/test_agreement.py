"""A person before a terminal is asked whether the arm may move."""

from contextlib import closing

import pytest

from tests.e2e.desk import Desk

ASKS = "from clam_robot.cli.agreement import require_agreement as ask; ask('the arm [goes]', False); print('it moves')"
PROMPT = "may it move? [y/N] "


@pytest.mark.parametrize(
    ("answer", "moves"), [(b"\r", False), (b"n\r", False), (b"yep\r", False), (b"y\r", True), (b" Yes\r", True)]
)
def test_a_person_sees_what_will_be_done_and_what_enter_means_and_only_yes_agrees(answer: bytes, moves: bool) -> None:
    person = Desk(program=("-c", ASKS))
    with closing(person):
        person.wait(lambda: PROMPT in person.printed)
        person.press(answer)
        code = person.leave()
    assert "the arm [goes]; keep away" in person.printed
    assert ("it moves" in person.printed) is moves
    assert ("the arm was not to move; nothing was done" in person.printed) is not moves
    assert (code == 0) is moves
