"""Worker processes that end when they should: with their pool, and with a parent that was killed."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.synchronize import Event
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_POLL_SECONDS = 0.2


class _Pool(ProcessPoolExecutor):
    """Holds Ctrl-C back while a call is submitted: half a start leaves a broken process that complains."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:  # noqa: ANN401
        with interrupts_later():
            return super().submit(fn, *args, **kwargs)


@contextmanager
def interrupts_later() -> Iterator[None]:
    """A Ctrl-C that comes within is told when the block is left; processes started within do not hear it until then.

    The signal is blocked, for what is started here, and its handler is put off, for another thread of this process may
    take the signal in place of the blocked one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if came:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def worker_pool(
    workers: int,
    *,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
    finish_running: bool = True,
) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh (spawned) processes.

    Workers ignore Ctrl-C: the parent gets it, and calls that have not begun are cancelled when the block is left. A
    worker whose parent was killed ends at once.

    Args:
        workers: processes.
        initializer: run once in each process.
        initargs: its arguments.
        finish_running: whether calls that run are finished when the block is left by an exception; otherwise their
            processes are ended at once.
    """
    stop = get_context("spawn").Event()
    pool = _Pool(workers, get_context("spawn"), initializer=_start_worker, initargs=(stop, initializer, initargs))
    try:
        yield pool
    except BaseException:
        if not finish_running:
            stop.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def map_in_order(
    pool: ProcessPoolExecutor, call: Callable[[Item], Result], items: Iterable[Item], *, ahead: int
) -> Iterator[Result]:
    """Results of a call for each item, in order, with at most `ahead` calls submitted and not yet asked for.

    Unlike `pool.map`, which submits everything at once, this leaves little to cancel when it is interrupted.
    """
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(call, item))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _start_worker(stop: Event, initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(stop,), daemon=True).start()
    if initializer is not None:
        initializer(*initargs)


def _end_with_parent(stop: Event) -> None:
    parent = parent_process()
    while not stop.wait(_POLL_SECONDS):
        if parent is None or not parent.is_alive():
            break
    os._exit(1)
