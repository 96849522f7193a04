"""The inference thread: in order, together where it can be, never in the way of the event loop."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest

from clam_robot.errors import PolicyRefused, PolicyUnavailable
from clam_robot.interfaces import Policy
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import MonotonicClock
from clam_robot.types import ActionChunk, Observation
from policy_server.batcher import Batcher
from policy_server.config import ServerConfig
from policy_server.models import Models
from policy_server.probe import blank_observation
from policy_server.served_model import ModelSource, OneByOne, Seat

LONG = 60.0
BAD = -7.0


class Group(OneByOne):
    """Keeps who was answered together, by the time of their observations; may be made to wait."""

    def __init__(self) -> None:
        super().__init__(FakePolicy)
        self.batches: list[list[float]] = []
        self.threads: set[int] = set()
        self.go = threading.Event()
        self.go.set()

    def infer(self, policies: Sequence[Policy], observations: Sequence[Observation]) -> list[ActionChunk]:
        self.go.wait(LONG)
        self.batches.append([observation.time for observation in observations])
        self.threads.add(threading.get_ident())
        if any(observation.state[0] == BAD for observation in observations):
            raise LookupError("secret")
        return super().infer(policies, observations)


class Bench:
    """Groups, and a batcher for them."""

    def __init__(self, batcher: Batcher) -> None:
        self.batcher = batcher
        self.group, self.other = Group(), Group()
        sources = {name: ModelSource(policy=name, group=group) for name, group in self._groups().items()}
        self._models = Models(sources, ServerConfig())
        for group in self._groups().values():
            group.batches.clear()

    def _groups(self) -> dict[str, Group]:
        return {"one": self.group, "other": self.other}

    def seat(self, model: str = "one") -> Seat:
        return Seat(self._models.get(model))

    async def ask(self, time: float, seat: Seat | None = None, *, timeout: float = LONG, first: float = 0.0) -> float:
        seat = seat or self.seat()
        blank = blank_observation(seat.model.info.robot)
        state = blank.state.copy()
        state[0] = first
        answer = await self.batcher.infer(seat, Observation(time=time, state=state), timeout)
        return answer.chunk.observation_time


@contextmanager
def running(**options: float) -> Iterator[Bench]:
    sizes: list[int] = []
    on_batch: Callable[..., None] = lambda model, size, seconds: sizes.append(size)  # noqa: E731
    bench = Bench(Batcher(MonotonicClock(), on_batch=on_batch, **options))  # type: ignore[arg-type]
    bench.batcher.start()
    yield bench
    bench.group.go.set()
    bench.batcher.stop(LONG)
    assert not bench.batcher.is_alive
    assert sum(sizes) >= sum(map(len, bench.group.batches)) - sum(sizes)


async def settled() -> None:
    """Whatever was begun has asked."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_who_waits_while_an_inference_runs_shares_the_next_in_order() -> None:
    async def run(bench: Bench) -> list[float]:
        bench.group.go.clear()
        first = asyncio.create_task(bench.ask(0.0))
        await until(lambda: bench.batcher.busy_seconds > 0)
        others = [asyncio.create_task(bench.ask(float(k))) for k in range(1, 6)]
        await settled()
        bench.group.go.set()
        return list(await asyncio.gather(first, *others))

    with running(max_batch=3) as bench:
        assert asyncio.run(run(bench)) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert bench.group.batches == [[0.0], [1.0, 2.0, 3.0], [4.0, 5.0]]
    assert len(bench.group.threads - {threading.get_ident()}) == 1


def test_models_are_not_mixed_and_none_waits_for_ever() -> None:
    async def run(bench: Bench) -> None:
        bench.group.go.clear()
        tasks = [asyncio.create_task(bench.ask(0.0))]
        await until(lambda: bench.batcher.busy_seconds > 0)
        seats = [bench.seat("other" if k % 2 else "one") for k in range(1, 5)]
        tasks += [asyncio.create_task(bench.ask(float(k), seat)) for k, seat in enumerate(seats, start=1)]
        await settled()
        bench.group.go.set()
        await asyncio.gather(*tasks)

    with running() as bench:
        asyncio.run(run(bench))
    assert bench.group.batches == [[0.0], [2.0, 4.0]]
    assert bench.other.batches == [[1.0, 3.0]]


def test_the_first_waits_for_others_as_long_as_told() -> None:
    async def run(bench: Bench) -> None:
        await asyncio.gather(*(bench.ask(float(k)) for k in range(4)))

    with running(max_batch=4, wait=LONG) as bench:
        asyncio.run(run(bench))  # four came, so that nobody waits any longer
    assert bench.group.batches == [[0.0, 1.0, 2.0, 3.0]]
    with running(max_batch=8, wait=0.05) as bench:
        asyncio.run(run(bench))
    assert sum(map(len, bench.group.batches)) == 4


def test_one_robot_that_makes_a_model_fail_does_not_spoil_the_others(caplog: pytest.LogCaptureFixture) -> None:
    async def run(bench: Bench) -> list[float | BaseException]:
        bench.group.go.clear()
        first = asyncio.create_task(bench.ask(0.0))
        await until(lambda: bench.batcher.busy_seconds > 0)
        others = [asyncio.create_task(bench.ask(float(k), first=BAD if k == 2 else 0.0)) for k in range(1, 4)]
        await settled()
        bench.group.go.set()
        return list(await asyncio.gather(first, *others, return_exceptions=True))

    with running() as bench, caplog.at_level(logging.ERROR):
        found = asyncio.run(run(bench))
    assert [found[0], found[1], found[3]] == [0.0, 1.0, 3.0]
    assert isinstance(found[2], PolicyRefused)
    assert str(found[2]) == "policy one failed with LookupError; the server's log says where"


def test_an_inference_that_takes_too_long_is_given_up_and_the_next_one_waits_its_turn() -> None:
    async def run(bench: Bench) -> float:
        bench.group.go.clear()
        first = asyncio.create_task(bench.ask(1.0, timeout=0.2))
        await until(lambda: bench.batcher.busy_seconds > 0)
        with pytest.raises(PolicyUnavailable, match="busy with other robots"):
            await bench.ask(2.0, timeout=0.01)
        with pytest.raises(PolicyUnavailable, match="the inference takes longer"):
            await first
        bench.group.go.set()
        return await bench.ask(3.0)

    with running() as bench:
        assert asyncio.run(run(bench)) == 3.0
    assert bench.group.batches == [[1.0], [3.0]]


def test_an_ask_nobody_waits_for_any_more_never_begins() -> None:
    async def run(bench: Bench) -> None:
        bench.group.go.clear()
        first = asyncio.create_task(bench.ask(1.0))
        await until(lambda: bench.batcher.busy_seconds > 0)
        second = asyncio.create_task(bench.ask(2.0))
        await settled()
        second.cancel()
        await settled()
        bench.group.go.set()
        await first
        await bench.ask(3.0)

    with running() as bench:
        asyncio.run(run(bench))
    assert bench.group.batches == [[1.0], [3.0]]


def test_stopping_waits_no_longer_than_told() -> None:
    async def run(bench: Bench) -> None:
        bench.group.go.clear()
        with pytest.raises(PolicyUnavailable):
            await bench.ask(1.0, timeout=0.01)
        bench.batcher.stop(0.01)
        assert bench.batcher.is_alive

    with running() as bench:
        asyncio.run(run(bench))


def test_a_policy_sees_its_own_robot_only() -> None:
    class Counting(FakePolicy):
        def __init__(self) -> None:
            super().__init__(act=lambda state: np.full(3, self.count, np.float32))
            self.count = 0

        def infer(self, observation: Observation) -> ActionChunk:
            self.count += 1
            return super().infer(observation)

    models = Models({"one": ModelSource(policy="one", group=OneByOne(Counting))}, ServerConfig())
    batcher = Batcher(MonotonicClock())
    batcher.start()
    seats = [Seat(models.get()) for _ in range(3)]

    async def run() -> list[float]:
        blank = blank_observation(models.get().info.robot)
        found = []
        for seat in (seats[0], seats[0], seats[1], seats[0], seats[2]):
            answer = await batcher.infer(seat, blank, LONG)
            found.append(float(answer.chunk.actions[0, 0]))
        return found

    assert asyncio.run(run()) == [1.0, 2.0, 1.0, 3.0, 1.0]
    batcher.stop(LONG)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not is_so():
            await asyncio.sleep(0.001)
