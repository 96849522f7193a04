"""Histories of robots that ask over HTTP."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import ManualClock
from policy_server.api_keys import Caller
from policy_server.config import ServerConfig
from policy_server.http_sessions import HttpSessions
from policy_server.refusals import Refused
from policy_server.served_model import ModelSource, OneByOne
from policy_server.service import PolicyService
from policy_server.session import Session

ANNE, BERT = Caller(name="anne", scopes=("infer",)), Caller(name="bert", scopes=("infer",))


class Desk:
    """Sessions, asked from outside their event loop; the runner stays, as locks belong to it."""

    def __init__(self, config: ServerConfig, runner: asyncio.Runner) -> None:
        self.clock = ManualClock()
        sources = {name: ModelSource(policy=name, group=OneByOne(FakePolicy)) for name in ("one", "two")}
        self.service = PolicyService(sources, config, self.clock)
        self.sessions = HttpSessions(self.service)
        self._runner = runner

    def session(self, name: str | None = "arm", model: str | None = None, caller: Caller = ANNE) -> Session:
        return self._runner.run(self._session(caller, name, model))

    async def _session(self, caller: Caller, name: str | None, model: str | None) -> Session:
        async with self.sessions.turn(caller, name, model) as session:
            return session


@contextmanager
def desk(**limits: float) -> Iterator[Desk]:
    with asyncio.Runner() as runner:
        found = Desk(ServerConfig(**limits), runner)  # type: ignore[arg-type]
        yield found
        found.service.decoders.stop()


def test_a_name_keeps_its_history_by_caller_and_model() -> None:
    with desk() as asked:
        mine = asked.session()
        assert asked.session() is mine
        assert asked.session(model="one") is mine  # the default one, by its name
        others = [asked.session("leg"), asked.session(model="two"), asked.session(caller=BERT)]
        assert len({id(session) for session in (mine, *others)}) == 4
        assert asked.session() is mine


def test_who_names_no_session_has_no_history() -> None:
    with desk() as asked:
        assert asked.session(None) is not asked.session(None)


def test_a_session_lives_while_it_is_used() -> None:
    with desk(session_ttl=10.0) as asked:
        first = asked.session()
        for _ in range(5):
            asked.clock.advance(9.0)
            assert asked.session() is first
        asked.clock.advance(10.5)
        assert asked.session("leg") is not first
        assert asked.session() is not first


def test_the_one_used_longest_ago_makes_room() -> None:
    with desk(max_sessions=2) as asked:
        arm, leg = asked.session("arm"), asked.session("leg")
        assert asked.session("arm") is arm
        asked.session("eye")  # instead of leg
        assert asked.session("arm") is arm
        assert asked.session("leg") is not leg


def test_a_model_that_is_not_there_is_refused() -> None:
    for name in ("arm", None):
        with desk() as asked, pytest.raises(Refused, match="model: expected one of one, two, found 'three'"):
            asked.session(name, "three")


def test_requests_of_a_session_come_one_after_the_other_and_those_of_others_do_not_wait() -> None:
    order: list[str] = []

    async def run(asked: Desk) -> None:
        inside = asyncio.Event()
        go = asyncio.Event()

        async def request(label: str, name: str | None, *, is_slow: bool = False) -> None:
            async with asked.sessions.turn(ANNE, name, None):
                order.append(label)
                if is_slow:
                    inside.set()
                    await go.wait()
                    order.append(f"{label} ends")

        slow = asyncio.ensure_future(request("first", "arm", is_slow=True))
        await inside.wait()
        next_one = asyncio.ensure_future(request("second", "arm"))
        await asyncio.gather(request("other", "leg"), request("nameless", None))
        assert not next_one.done()
        go.set()
        await asyncio.gather(slow, next_one)

    with desk() as asked:
        asyncio.run(run(asked))
    assert order[0] == "first"
    assert sorted(order[1:3]) == ["nameless", "other"]
    assert order[3:] == ["first ends", "second"]


def test_a_turn_that_failed_lets_the_next_one_in() -> None:
    async def fail(asked: Desk) -> None:
        async with asked.sessions.turn(ANNE, "arm", None):
            raise LookupError

    with desk() as asked:
        first = asked.session()
        with pytest.raises(LookupError):
            asked._runner.run(fail(asked))
        assert asked.session() is first


def test_who_asks_too_often_is_told_when_to_come_back() -> None:
    with desk(max_rate=4.0) as asked:
        for _ in range(4):
            asked.sessions.require_rate("anne")
        with pytest.raises(Refused, match=r"at most 4 requests a second, found more; try again in 0\.250 s") as refusal:
            asked.sessions.require_rate("anne")
        assert refusal.value.code == "rate_limited"
        asked.sessions.require_rate("bert")
        asked.clock.advance(0.25)
        asked.sessions.require_rate("anne")


def test_callers_without_number_take_no_memory_without_end() -> None:
    with desk(max_sessions=3) as asked:
        for k in range(200):
            asked.session(f"arm{k}")
            asked.sessions.require_rate(f"host{k}")
        assert len(asked.sessions._entries) == 3
        assert len(asked.sessions._buckets) == 12
