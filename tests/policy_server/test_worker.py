"""The inference thread: in order, one at a time, never in the way of the event loop."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from clam_robot.errors import PolicyUnavailable
from policy_server.worker import InferenceWorker

LONG = 60.0


@pytest.fixture
def worker() -> Iterator[InferenceWorker]:
    worker = InferenceWorker()
    worker.start()
    yield worker
    worker.stop(LONG)


def test_calls_run_in_order_and_in_one_other_thread(worker: InferenceWorker) -> None:
    seen: list[tuple[int, int]] = []

    async def run() -> None:
        calls = [worker.run(lambda k=k: seen.append((k, threading.get_ident())), LONG) for k in range(20)]
        await asyncio.gather(*calls)

    asyncio.run(run())
    assert [k for k, _ in seen] == list(range(20))
    assert len({thread for _, thread in seen}) == 1
    assert threading.get_ident() not in {thread for _, thread in seen}


def test_results_and_errors_come_back(worker: InferenceWorker) -> None:
    def fail() -> None:
        raise LookupError("this one")

    async def run() -> int:
        with pytest.raises(LookupError, match="this one"):
            await worker.run(fail, LONG)
        return await worker.run(lambda: 7, LONG)

    assert asyncio.run(run()) == 7


def test_the_event_loop_runs_on_while_a_call_does(worker: InferenceWorker) -> None:
    go = threading.Event()

    async def run() -> bool:
        call = asyncio.create_task(worker.run(lambda: go.wait(LONG), LONG))
        await asyncio.sleep(0)
        go.set()
        return await call

    assert asyncio.run(run())


def test_a_call_that_takes_too_long_is_given_up_and_the_next_one_waits_its_turn(worker: InferenceWorker) -> None:
    go = threading.Event()
    ran: list[str] = []

    def late() -> None:
        go.wait(LONG)
        raise LookupError("nobody hears this")

    async def run() -> int:
        with pytest.raises(PolicyUnavailable, match="the inference takes longer"):
            await worker.run(late, 0.01)
        with pytest.raises(PolicyUnavailable, match="busy with other robots"):
            await worker.run(lambda: ran.append("never"), 0.01)
        go.set()
        return await worker.run(lambda: 3, LONG)

    assert asyncio.run(run()) == 3
    assert ran == []


def test_a_call_nobody_waits_for_any_more_never_begins(worker: InferenceWorker) -> None:
    go = threading.Event()
    ran: list[str] = []

    async def run() -> None:
        first = asyncio.create_task(worker.run(lambda: go.wait(LONG), LONG))
        second = asyncio.create_task(worker.run(lambda: ran.append("never"), LONG))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        go.set()
        await first
        await worker.run(lambda: None, LONG)

    asyncio.run(run())
    assert ran == []


def test_stopping_waits_no_longer_than_told() -> None:
    worker = InferenceWorker()
    go = threading.Event()
    worker.stop(LONG)
    worker.start()

    async def run() -> None:
        with pytest.raises(PolicyUnavailable):
            await worker.run(lambda: go.wait(LONG), 0.01)

    asyncio.run(run())
    worker.stop(0.01)
    go.set()
    worker.stop(LONG)
