"""Nobody waits for the thread, nothing it says is lost, and nothing old is heard."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from clam_robot.control.background_policy import BackgroundPolicy
from clam_robot.errors import PolicyError, PolicyRefused, PolicyUnavailable
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, Observation

PATIENCE = 60.0


class HeldBack(FakePolicy):
    """Says what it is asked, and answers when it is let go, or raises what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: queue.Queue[float] = queue.Queue()
        self.orders: queue.Queue[BaseException | None] = queue.Queue()
        self.reset_fault: BaseException | None = None
        self.resets_before: list[int] = []

    def reset(self) -> None:
        super().reset()
        fault, self.reset_fault = self.reset_fault, None
        if fault is not None:
            raise fault

    def infer(self, observation: Observation) -> ActionChunk:
        self.resets_before.append(self.num_resets)
        self.asked.put(observation.time)
        order = self.orders.get(timeout=PATIENCE)
        if order is not None:
            raise order
        return super().infer(observation)

    def next_asked(self) -> float:
        return self.asked.get(timeout=PATIENCE)

    def let_go(self, error: BaseException | None = None) -> None:
        self.orders.put(error)


def observation(at: float) -> Observation:
    return Observation(time=at, state=np.zeros(6, np.float32))


def wait_for(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.001)


def next_answer(policy: BackgroundPolicy) -> float:
    found: list[ActionChunk] = []
    wait_for(lambda: found.extend(filter(None, [policy.poll()])) or found)
    return found[0].observation_time


def next_failure(policy: BackgroundPolicy, kind: type[BaseException]) -> BaseException:
    found: list[BaseException] = []

    def look() -> bool:
        try:
            assert policy.poll() is None
        except kind as error:
            found.append(error)
        return bool(found)

    wait_for(look)
    return found[0]


@pytest.fixture
def held_back() -> HeldBack:
    return HeldBack()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def policy(held_back: HeldBack, clock: ManualClock) -> Iterator[BackgroundPolicy]:
    with BackgroundPolicy(held_back, clock) as policy:
        yield policy
        for _ in range(3):
            held_back.let_go()


def test_asking_and_looking_return_while_an_inference_runs(policy: BackgroundPolicy, held_back: HeldBack) -> None:
    policy.submit(observation(0.0))
    assert held_back.next_asked() == 0.0
    for k in range(1, 100):
        policy.submit(observation(float(k)))
        assert policy.poll() is None
    policy.reset()
    assert policy.poll() is None


def test_the_newest_observation_waits_and_those_it_replaces_are_counted(
    policy: BackgroundPolicy, held_back: HeldBack
) -> None:
    policy.submit(observation(0.0))
    held_back.next_asked()
    for at in (1.0, 2.0, 3.0):
        policy.submit(observation(at))
    held_back.let_go()
    assert next_answer(policy) == 0.0
    assert held_back.next_asked() == 3.0
    held_back.let_go()
    assert next_answer(policy) == 3.0
    assert policy.num_skipped == 2
    assert held_back.asked.empty()


def test_latency_is_counted_from_the_question(
    policy: BackgroundPolicy, held_back: HeldBack, clock: ManualClock
) -> None:
    assert policy.latency.seconds is None
    policy.submit(observation(0.0))
    held_back.next_asked()
    clock.advance(0.25)
    policy.submit(observation(0.25))
    clock.advance(0.05)
    held_back.let_go()
    next_answer(policy)
    assert policy.latency.seconds == pytest.approx(0.3)
    held_back.next_asked()
    clock.advance(0.5)
    held_back.let_go()
    next_answer(policy)
    assert policy.latency.seconds == pytest.approx(0.55)


def test_an_inference_that_runs_across_a_reset_is_dropped_and_the_policy_begins_anew(
    policy: BackgroundPolicy, held_back: HeldBack
) -> None:
    policy.reset()
    policy.submit(observation(0.0))
    held_back.next_asked()
    policy.reset()
    policy.submit(observation(10.0))
    held_back.let_go()
    assert held_back.next_asked() == 10.0  # so the first answer is there, and nobody hears it
    assert policy.poll() is None
    held_back.let_go()
    assert next_answer(policy) == 10.0
    assert held_back.resets_before == [1, 2]


def test_an_observation_that_waits_does_not_survive_a_reset(policy: BackgroundPolicy, held_back: HeldBack) -> None:
    policy.submit(observation(0.0))
    held_back.next_asked()
    policy.submit(observation(1.0))
    policy.reset()
    held_back.let_go()
    policy.submit(observation(10.0))
    assert held_back.next_asked() == 10.0


@pytest.mark.parametrize("kind", [PolicyUnavailable, PolicyRefused, RuntimeError, SystemExit])
def test_a_failure_is_told_once_and_the_next_question_is_answered(
    policy: BackgroundPolicy, held_back: HeldBack, kind: type[BaseException]
) -> None:
    failure = kind("no")
    policy.submit(observation(0.0))
    held_back.let_go(failure)
    assert next_failure(policy, kind) is failure
    assert policy.poll() is None
    policy.submit(observation(1.0))
    held_back.let_go()
    assert next_answer(policy) == 1.0


def test_every_failure_is_told_and_an_answer_behind_them_too(policy: BackgroundPolicy, held_back: HeldBack) -> None:
    errors = [PolicyUnavailable("first"), PolicyUnavailable("second")]
    for at, error in enumerate(errors):
        policy.submit(observation(float(at)))
        held_back.next_asked()
        held_back.let_go(error)
    policy.submit(observation(2.0))
    held_back.next_asked()
    told = [next_failure(policy, PolicyUnavailable) for _ in errors]
    assert told == errors
    held_back.let_go()
    assert next_answer(policy) == 2.0


@pytest.mark.parametrize("kind", [PolicyUnavailable, PolicyRefused])
def test_what_a_policy_of_the_episode_before_fails_with_is_dropped(
    policy: BackgroundPolicy, held_back: HeldBack, kind: type[PolicyError]
) -> None:
    policy.submit(observation(0.0))
    held_back.next_asked()
    policy.reset()
    policy.submit(observation(10.0))
    held_back.let_go(kind("late"))
    held_back.next_asked()
    assert policy.poll() is None


def test_a_fault_of_the_program_is_told_even_across_a_reset(policy: BackgroundPolicy, held_back: HeldBack) -> None:
    policy.submit(observation(0.0))
    held_back.next_asked()
    policy.reset()
    held_back.let_go(RuntimeError("bug"))
    next_failure(policy, RuntimeError)
    policy.submit(observation(10.0))
    held_back.let_go(RuntimeError("another"))
    held_back.next_asked()
    policy.submit(observation(11.0))
    held_back.next_asked()  # so the failure before is known
    policy.reset()
    next_failure(policy, RuntimeError)


def test_a_reset_that_fails_is_told_and_tried_again(policy: BackgroundPolicy, held_back: HeldBack) -> None:
    held_back.reset_fault = PolicyUnavailable("cannot forget")
    policy.submit(observation(0.0))
    next_failure(policy, PolicyUnavailable)
    assert held_back.asked.empty()
    policy.submit(observation(1.0))
    held_back.let_go()
    assert next_answer(policy) == 1.0
    assert held_back.resets_before == [2]


def test_a_fault_nobody_polled_for_is_in_the_log(held_back: HeldBack, caplog: pytest.LogCaptureFixture) -> None:
    policy = BackgroundPolicy(held_back, ManualClock())
    policy.submit(observation(0.0))
    held_back.next_asked()
    policy.submit(observation(1.0))
    held_back.let_go(RuntimeError("bug"))
    held_back.next_asked()  # so the failure before is known
    held_back.let_go()
    with caplog.at_level(logging.ERROR, logger="clam_robot"):
        policy.close()
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["bug"]


def test_closing_ends_the_thread_and_what_comes_after_is_refused(held_back: HeldBack) -> None:
    before = set(threading.enumerate())
    policy = BackgroundPolicy(held_back, ManualClock())
    held_back.let_go()
    policy.submit(observation(0.0))
    next_answer(policy)
    assert set(threading.enumerate()) - before
    policy.close()
    wait_for(lambda: not set(threading.enumerate()) - before)
    with pytest.raises(PolicyUnavailable, match="closed"):
        policy.submit(observation(1.0))
    assert policy.poll() is None
