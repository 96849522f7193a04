"""One thread that runs inferences, one at a time, so that the event loop stays free to answer."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from clam_robot.errors import PolicyUnavailable

T = TypeVar("T")


class InferenceWorker:
    """Runs calls in the order they come, in a thread of its own.

    One at a time: instances of a policy share weights, and two inferences on the same cores or GPU take turns anyway.
    The thread is a daemon, so that an inference that never ends cannot keep the server from stopping.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End the thread after what is queued, waiting no longer than `timeout` [s]."""
        if self._thread is not None:
            self._calls.put(None)
            self._thread.join(timeout)

    async def run(self, call: Callable[[], T], timeout: float) -> T:
        """Wait for the result of a call.

        Once nobody waits (timeout, cancellation), a call that has not begun never will; one that has begun is left to
        end unheard.

        Raises:
            PolicyUnavailable: no result within `timeout` [s].
        """
        future: Future[T] = Future()
        self._calls.put((future, call))
        result = asyncio.wrap_future(future)
        try:
            await asyncio.wait({result}, timeout=timeout)
            if result.done():
                return result.result()
            if future.cancel():
                raise PolicyUnavailable(f"no answer within {timeout:g} s: the server was busy with other robots")
            raise PolicyUnavailable(f"no answer within {timeout:g} s: the inference takes longer")
        finally:
            future.cancel()
            result.cancel()

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - belongs to whoever waits for the result
                future.set_exception(error)
