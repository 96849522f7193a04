"""Reads requests: small ones at once, large ones beside the event loop, which has others to answer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from clam_robot.specs import RobotSpec
from policy_server.packing import unpack
from policy_server.protocol import Request, decode_request

Value = TypeVar("Value")

# A thread's round trip costs about 0.1 ms, in which this much is read on the spot.
SMALL = 256 * 2**10  # [byte]
NUM_THREADS = 2


class Decoders:
    """A few threads that read what is large."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(NUM_THREADS, thread_name_prefix="decode")

    async def read(self, frame: bytes, spec: RobotSpec) -> Request:
        """The request of a msgpack frame.

        Raises:
            MalformedMessage: it is not what the protocol says.
            SpecError: the observation does not fit the robot.
        """
        return await self.run(lambda: decode_request(unpack(frame), spec), len(frame), is_compressed=bool(spec.cameras))

    async def run(self, read: Callable[[], Value], size: int, *, is_compressed: bool = False) -> Value:
        """What `read` gives.

        Args:
            size: of what it reads [byte].
            is_compressed: whether it may be larger than that.
        """
        if size <= (SMALL if not is_compressed else SMALL // 16):
            return read()
        return await asyncio.get_running_loop().run_in_executor(self._threads, read)

    def stop(self) -> None:
        """Read no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
