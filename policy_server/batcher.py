"""One thread that infers, for as many robots at once as are waiting, so that the event loop stays free to answer."""

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from clam_robot.errors import PolicyError, PolicyRefused, PolicyUnavailable, SpecError
from clam_robot.timing import Clock
from clam_robot.types import ActionChunk, Observation
from policy_server.served_model import Seat, ServedModel

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an inference gave.

    Attributes:
        chunk: the actions.
        begun: when the inference began [s].
        ended: and ended [s].
    """

    chunk: ActionChunk
    begun: float
    ended: float


@dataclass(kw_only=True, eq=False)
class _Ask:
    seat: Seat
    observation: Observation
    asked: float
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Answer]
    has_begun: bool = False
    is_abandoned: bool = False


class Batcher:
    """Answers in the order of asking; whoever waits for the same model when an inference begins shares it.

    A robot waits for one answer at a time, so that this order is fair. While an inference runs the next batch gathers
    by itself; waiting for more robots on purpose only pays where a pass costs far more than the wait. The thread is a
    daemon, so that an inference that never ends cannot keep the server from stopping.

    Args:
        clock: measures.
        max_batch: most robots in one pass.
        wait: how long the first of a batch waits for others [s].
        on_batch: told of each pass: its model, its size and its duration [s]. In the thread that infers.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        max_batch: int = 16,
        wait: float = 0.0,
        on_batch: Callable[[ServedModel, int, float], None] = lambda model, size, seconds: None,
    ) -> None:
        self._clock = clock
        self._max_batch = max_batch
        self._wait = wait
        self._on_batch = on_batch
        self._asks: queue.SimpleQueue[_Ask | None] = queue.SimpleQueue()
        self._pending: deque[_Ask] = deque()
        self._thread: threading.Thread | None = None
        self._is_ending = False
        self._busy_since: float | None = None

    @property
    def busy_seconds(self) -> float:
        """How long the present inference has taken so far [s]; 0 between two."""
        since = self._busy_since
        return 0.0 if since is None else self._clock.now() - since

    @property
    def is_alive(self) -> bool:
        """Whether anyone will be answered."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End the thread after what is queued, waiting no longer than `timeout` [s]."""
        if self._thread is not None:
            self._asks.put(None)
            self._thread.join(timeout)

    async def infer(self, seat: Seat, observation: Observation, timeout: float) -> Answer:
        """Wait for the answer to an observation.

        Once nobody waits (timeout, cancellation) an ask that has not begun never will; one that has is left to end
        unheard.

        Raises:
            PolicyUnavailable: no answer within `timeout` [s].
            PolicyError: the policy's own.
            PolicyRefused: the policy failed in a way of its own.
        """
        loop = asyncio.get_running_loop()
        ask = _Ask(seat=seat, observation=observation, asked=self._clock.now(), loop=loop, answer=loop.create_future())
        self._asks.put(ask)
        giving_up = loop.call_later(timeout, _give_up, ask, timeout)
        try:
            return await ask.answer
        finally:
            ask.is_abandoned = True
            giving_up.cancel()

    def _work(self) -> None:
        while batch := self._next_batch():
            self._busy_since = begun = self._clock.now()
            found = self._infer(batch)
            ended = self._clock.now()
            self._busy_since = None
            self._on_batch(batch[0].seat.model, len(batch), ended - begun)
            for ask, result in zip(batch, found, strict=True):
                answer = Answer(chunk=result, begun=begun, ended=ended) if isinstance(result, ActionChunk) else result
                with suppress(RuntimeError):  # the server stopped meanwhile, and nobody listens
                    ask.loop.call_soon_threadsafe(_settle, ask.answer, answer)

    def _next_batch(self) -> list[_Ask]:
        """Those who wait for the model of the one who has waited longest; none at the end."""
        while True:
            self._gather(block=not self._pending, timeout=None)
            self._pending = deque(ask for ask in self._pending if not ask.is_abandoned)
            if self._pending:
                break
            if self._is_ending:
                return []
        model, deadline = self._pending[0].seat.model, self._pending[0].asked + self._wait
        while (ours := [ask for ask in self._pending if ask.seat.model is model]) and len(ours) < self._max_batch:
            left = deadline - self._clock.now()
            if left <= 0 or not self._gather(block=True, timeout=left):
                break
        batch = ours[: self._max_batch]
        for ask in batch:
            self._pending.remove(ask)
            ask.has_begun = True
        return batch

    def _gather(self, *, block: bool, timeout: float | None) -> bool:
        """Take over what was asked; whether there was anything."""
        count = 0
        while not self._is_ending:
            try:
                ask = self._asks.get(block and count == 0, timeout)
            except queue.Empty:
                break
            count += 1
            if ask is None:
                self._is_ending = True
            else:
                self._pending.append(ask)
        return count > 0

    def _infer(self, batch: list[_Ask]) -> list[ActionChunk | BaseException]:
        try:
            return list(_together(batch))
        except BaseException as error:  # noqa: BLE001 - belongs to whoever waits for the answer
            if len(batch) == 1:
                return [_explained(error, batch[0].seat.model)]
        # One robot's trouble is not the others'; that policies may see this observation twice is the lesser evil.
        return [self._infer([ask])[0] for ask in batch]


def _together(batch: list[_Ask]) -> list[ActionChunk]:
    policies = [ask.seat.policy() for ask in batch]
    chunks = batch[0].seat.model.group.infer(policies, [ask.observation for ask in batch])
    if len(chunks) != len(batch):
        raise PolicyRefused(f"expected {len(batch)} answers of the policy, found {len(chunks)}")
    return chunks


def _explained(error: BaseException, model: ServedModel) -> BaseException:
    """Whatever a policy raises becomes an error whose words a stranger may read."""
    if isinstance(error, PolicyError | SpecError):
        return error
    logger.error("policy %s failed", model.info.policy, exc_info=error)
    return PolicyRefused(f"policy {model.info.policy} failed with {type(error).__name__}; the server's log says where")


def _give_up(ask: _Ask, timeout: float) -> None:
    cause = "the inference takes longer" if ask.has_begun else "the server was busy with other robots"
    _settle(ask.answer, PolicyUnavailable(f"no answer within {timeout:g} s: {cause}"))


def _settle(future: asyncio.Future[Answer], result: Answer | BaseException) -> None:
    if future.done():
        return
    if isinstance(result, Answer):
        future.set_result(result)
    else:
        future.set_exception(result)
