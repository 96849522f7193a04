"""Histories of robots that ask over HTTP, where a connection says nothing about who asks."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from policy_server.api_keys import Caller
from policy_server.rate_limit import TokenBucket
from policy_server.refusals import Refused
from policy_server.service import PolicyService
from policy_server.session import Session


@dataclass(kw_only=True, eq=False)
class _Entry:
    session: Session
    used: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class HttpSessions:
    """Sessions by caller, model and the name that the caller gives; one request of each at a time.

    What is not used for `session_ttl` is forgotten, and so is the one that was used longest ago when there are more
    than `max_sessions`.
    """

    def __init__(self, service: PolicyService) -> None:
        self._service = service
        self._entries: OrderedDict[tuple[str, str, str], _Entry] = OrderedDict()
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def require_rate(self, who: str) -> None:
        """Count a request of someone.

        Raises:
            Refused: it is one too many.
        """
        bucket = self._buckets.pop(who, None) or TokenBucket(self._service.config.max_rate, self._service.clock)
        self._buckets[who] = bucket
        while len(self._buckets) > 4 * self._service.config.max_sessions:
            self._buckets.popitem(last=False)
        if wait := bucket.try_take():
            raise Refused(
                "rate_limited",
                f"expected at most {self._service.config.max_rate:g} requests a second, found more; "
                f"try again in {wait:.3f} s",
            )

    @asynccontextmanager
    async def turn(self, caller: Caller, name: str | None, model: str | None) -> AsyncIterator[Session]:
        """A session for one request; a new one for a request that names none.

        Raises:
            Refused: no such model.
        """
        if name is None:
            yield self._service.session(model)
            return
        entry = self._entry((caller.name, self._service.models.get(model).name, name))
        async with entry.turn:
            yield entry.session

    def _entry(self, key: tuple[str, str, str]) -> _Entry:
        now, limits = self._service.clock.now(), self._service.config
        while self._entries and next(iter(self._entries.values())).used < now - limits.session_ttl:
            self._entries.popitem(last=False)
        entry = self._entries.pop(key, None) or _Entry(session=self._service.session(key[1]), used=now)
        entry.used = now
        self._entries[key] = entry
        while len(self._entries) > limits.max_sessions:
            self._entries.popitem(last=False)
        return entry
