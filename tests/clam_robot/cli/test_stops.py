"""A stop waits for the person who clears it, and the arm goes on; where nobody can clear it the command ends."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from clam_robot.cli.stops import StopOptions, Stops
from clam_robot.errors import ArmStopped, ConfigError, PolicyUnavailable, PortUnavailable, RobotError
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.stop_latch import StopLatch

PATIENCE = 20.0


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Arm:
    """Is stopped while it is driven; a servo stays in error for the first `num_errors` tries to go on."""

    def __init__(self, num_errors: int = 0) -> None:
        self.latch = StopLatch()
        self.num_errors = num_errors
        self.num_recoveries = 0

    def drive(self) -> None:
        self._stop(Reason.OVERLOAD, "elbow pushes")

    def recover(self) -> None:
        self.num_recoveries += 1
        self.latch.require_clear()
        if self.num_recoveries <= self.num_errors:
            self._stop(Reason.SERVO_ERROR, "elbow reports OVERLOAD")

    def _stop(self, reason: Reason, detail: str) -> None:
        """Stops, and notices however soon it is cleared."""
        self.latch.stop(reason, detail)
        raise ArmStopped(f"{reason}: {detail}")


def clear_each_stop(latch: StopLatch, page: str, count: int) -> None:
    url, key = re.search(r"(http://\S+/)\?key=(\S+)", page).groups()  # type: ignore[union-attr]
    with httpx2.Client(base_url=url, timeout=PATIENCE) as client:
        for _ in range(count):
            while latch.cause is None:
                threading.Event().wait(0.01)
            client.post("/v1/arm/clear", headers={"X-Page-Key": key})


@pytest.mark.parametrize("num_errors", [0, 1])
def test_what_is_cleared_goes_on(stack: ExitStack, capsys: pytest.CaptureFixture[str], num_errors: int) -> None:
    arm = Arm(num_errors)
    stops = Stops(StopOptions(stop_page="127.0.0.1:0"), arm.latch, stack)
    page = capsys.readouterr().out
    person = threading.Thread(target=clear_each_stop, args=(arm.latch, page, 1 + num_errors))
    person.start()
    assert stops.until_done(arm.drive, recover=arm.recover) is False
    person.join(PATIENCE)
    assert arm.num_recoveries == 1 + num_errors and arm.latch.cause is None
    said = capsys.readouterr().out
    assert "stopped: overload: elbow pushes" in said and "the page's button" in said
    assert ("elbow reports OVERLOAD" in said) == (num_errors > 0)


def test_a_person_who_clears_before_anybody_looks_is_not_waited_for(
    stack: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = Arm(num_errors=1)
    stops = Stops(StopOptions(stop_page="127.0.0.1:0"), arm.latch, stack)

    def at_once(move: Callable[[], None]) -> Callable[[], None]:
        def moved() -> None:
            try:
                move()
            finally:
                arm.latch.clear()

        return moved

    assert stops.until_done(at_once(arm.drive), recover=at_once(arm.recover)) is False
    assert arm.num_recoveries == 2
    said = capsys.readouterr().out
    assert "stopped: overload: elbow pushes" in said and "stopped: servo_error: elbow reports OVERLOAD" in said


def test_what_was_stopped_begins_anew_until_it_is_finished(
    stack: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = Arm()
    stops = Stops(StopOptions(stop_page="127.0.0.1:0"), arm.latch, stack)
    page = capsys.readouterr().out
    tries: list[int] = []

    def drive() -> None:
        tries.append(len(tries))
        if len(tries) <= 2:
            arm.drive()

    person = threading.Thread(target=clear_each_stop, args=(arm.latch, page, 2))
    person.start()
    stops.until_finished(drive, recover=arm.recover, what="scene 7")
    person.join(PATIENCE)
    assert tries == [0, 1, 2] and arm.num_recoveries == 2
    said = capsys.readouterr().out
    assert said.count("stopped: overload: elbow pushes") == 2
    assert said.count("scene 7 begins anew; what was stopped counts neither as success nor as failure") == 2


def test_where_nobody_can_clear_it_the_command_ends(stack: ExitStack) -> None:
    arm = Arm()
    stops = Stops(StopOptions(), arm.latch, stack)
    with pytest.raises(ArmStopped, match="elbow pushes"):
        stops.until_done(arm.drive, recover=arm.recover)
    assert arm.num_recoveries == 0


def test_a_port_that_was_lost_ends_the_command_and_asks_nobody_again(stack: ExitStack) -> None:
    arm = Arm()
    stops = Stops(StopOptions(stop_page="127.0.0.1:0"), arm.latch, stack)

    def recover() -> None:
        arm.latch.stop(Reason.DRIVER, "lost")
        raise PortUnavailable("lost")

    def drive() -> None:
        arm.latch.stop()
        arm.latch.clear()
        raise ArmStopped("lost")

    with pytest.raises(PortUnavailable):
        stops.until_done(drive, recover=recover)


def test_nobody_is_asked_to_clear_the_stop_of_an_arm_that_is_out_of_reach(stack: ExitStack) -> None:
    arm = Arm()
    stops = Stops(StopOptions(stop_page="127.0.0.1:0"), arm.latch, stack)

    def drive() -> None:
        arm.latch.stop(Reason.LOST, "the cable")
        arm.latch.require_clear()

    somebody = threading.Timer(0.5, arm.latch.clear)
    somebody.start()
    with pytest.raises(PortUnavailable, match=r"^the cable$"):
        stops.until_done(drive, recover=arm.recover)
    somebody.cancel()
    assert arm.num_recoveries == 0


def test_a_fault_that_is_no_stop_ends_the_command(stack: ExitStack) -> None:
    arm = Arm()
    stops = Stops(StopOptions(stop_page="127.0.0.1:0"), arm.latch, stack)

    def fail() -> None:
        raise RobotError("the way is blocked")

    with pytest.raises(RobotError, match="blocked"):
        stops.until_done(fail, recover=arm.recover)


def test_an_arm_that_is_not_stopped_is_driven_to_the_end(stack: ExitStack) -> None:
    arm = Arm()
    driven: list[bool] = []
    assert Stops(StopOptions(), arm.latch, stack).until_done(lambda: driven.append(True), recover=arm.recover)
    assert driven == [True]


def test_an_arm_that_waits_for_a_person_goes_on_when_one_clears_it(
    stack: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = Arm()
    stops = Stops(StopOptions(stop_page="127.0.0.1:0"), arm.latch, stack)
    page = capsys.readouterr().out
    seen: list[str] = []

    def recover() -> None:
        arm.recover()

    waiting = threading.Thread(target=lambda: seen.append(str(stops.await_person("2 episodes", recover=recover))))
    waiting.start()
    while arm.latch.cause is None:
        threading.Event().wait(0.01)
    assert arm.latch.cause.detail == "2 episodes; waiting for a person"
    assert waiting.is_alive() and arm.num_recoveries == 0
    clear_each_stop(arm.latch, page, 1)
    waiting.join(PATIENCE)
    assert seen == ["None"] and arm.num_recoveries == 1 and arm.latch.cause is None


def test_waiting_where_nobody_can_answer_is_refused(stack: ExitStack) -> None:
    with pytest.raises(ConfigError, match="add --stop-page"):
        Stops(StopOptions(), StopLatch(), stack).await_person("started", recover=lambda: None)


def test_the_pages_key_may_come_from_a_file_and_is_not_printed(
    stack: ExitStack, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "page.key"
    with pytest.raises(ConfigError, match="openssl rand"):
        Stops(StopOptions(stop_page="127.0.0.1:0", page_key=file), StopLatch(), stack)
    file.write_text("a person's key\n")
    arm = Arm()
    Stops(StopOptions(stop_page="127.0.0.1:0", page_key=file), arm.latch, stack)
    said = capsys.readouterr().out
    assert "a person's key" not in said and str(file) in said
    arm.latch.stop()
    clear_each_stop(arm.latch, f"{re.search(r'http://[^,]+', said).group()}?key=wrong", 1)  # type: ignore[union-attr]
    assert arm.latch.cause is not None
    address = re.search(r"http://[^,]+", said).group()  # type: ignore[union-attr]
    httpx2.post(f"{address}v1/arm/clear", headers={"X-Page-Key": "a person's key"})
    assert arm.latch.cause is None


def test_a_policy_that_fails_and_stops_the_arm_is_a_stop(stack: ExitStack, capsys: pytest.CaptureFixture[str]) -> None:
    arm = Arm()
    stops = Stops(StopOptions(stop_page="127.0.0.1:0"), arm.latch, stack)
    page = capsys.readouterr().out

    def drive() -> None:
        arm.latch.stop(Reason.POLICY, "no server")
        raise PolicyUnavailable("no server")

    person = threading.Thread(target=clear_each_stop, args=(arm.latch, page, 1))
    person.start()
    assert stops.until_done(drive, recover=arm.recover) is False
    person.join(PATIENCE)
    assert arm.num_recoveries == 1
