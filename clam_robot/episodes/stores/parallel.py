"""Many transfers at a time, which an error or Ctrl-C ends early."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# A request to an object store is mostly waiting; with more the signing of requests fills a core.
_NUM_THREADS = 16


def in_parallel(call: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Results in order; where one fails, what has not begun is given up."""
    executor = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="transfer")
    try:
        yield from executor.map(call, items)
    finally:
        executor.shutdown(cancel_futures=True)
