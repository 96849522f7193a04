"""The other end of the twin's side channel."""

import itertools
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Any, cast

import msgpack
import numpy as np
from jaxtyping import Float64, UInt8

from clam_robot import config
from clam_robot.errors import RobotError
from sim.widowx.truth import COLUMNS, TraceReport, TwinState

_CHUNK = 1 << 16
_LARGEST_ANSWER = 1 << 28  # [byte]


class TwinClient:
    """Asks a running twin, one request at a time; `control_channel` is the protocol, `twin_requests` the manual.

    A context manager. Every request raises RobotError with the twin's words when it refuses, and when it is gone or
    silent for longer than the timeout.
    """

    def __init__(self, address: tuple[str, int], *, timeout: float = 30.0) -> None:
        """Connect.

        Args:
            address: host and port, as `clam twin` prints them.
            timeout: longest wait for an answer [s].

        Raises:
            RobotError: nobody listens there.
        """
        self._address = address
        self._ids = itertools.count()
        self._unpacker = msgpack.Unpacker(max_buffer_size=_LARGEST_ANSWER)
        try:
            self._socket = socket.create_connection(address, timeout=timeout)
        except OSError as error:
            raise RobotError(f"no twin on {address[0]}:{address[1]} ({error}); start one with `clam twin`") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def describe(self) -> dict[str, Any]:
        """Port, speed, task, cameras, physics period and columns of a trace."""
        return self._ask("describe")

    def reset(self, seed: int = 0, *, keep_arm: bool = False) -> None:
        """Lay the scene out; the arm goes back to sleep, its servos as delivered, unless it is kept."""
        self._ask("reset", seed=seed, keep_arm=keep_arm)

    def place(self, position: Sequence[float], finger: float | None = None) -> None:
        """Put the arm at rest at joint angles [rad], fingers at a distance [m]."""
        self._ask("place", position=[float(angle) for angle in position], finger=finger)

    def state(self) -> TwinState:
        """The truth now."""
        return config.from_dict(TwinState, self._ask("state"), source="state of the twin")

    def log(self, is_on: bool) -> None:
        """Whether `trace` gives a row of every physics step."""
        self._ask("log", is_on=is_on)

    def trace(self) -> tuple[TraceReport, Float64[np.ndarray, "steps columns"]]:
        """Extremes and collisions since the last call, and the logged rows (`COLUMNS`)."""
        answer = self._ask("trace")
        report = config.from_dict(TraceReport, answer["report"], source="trace of the twin")
        return report, np.frombuffer(answer["rows"]).reshape(-1, len(COLUMNS))

    def frame(self, camera: str, height: int = 240, width: int = 320) -> UInt8[np.ndarray, "height width 3"]:
        """A picture of the scene, RGB."""
        return self.photo(camera, height, width)[0]

    def photo(
        self, camera: str, height: int, width: int, lens: Sequence[float] | None = None
    ) -> tuple[UInt8[np.ndarray, "height width 3"], float]:
        """A picture, RGB, through a lens (`TwinRequests.frame`), and its time on the machine's monotonic clock [s]."""
        through = None if lens is None else [float(each) for each in lens]
        answer = self._ask("frame", camera=camera, height=height, width=width, lens=through)
        return np.frombuffer(answer["pixels"], np.uint8).reshape(height, width, 3), float(answer["stamp"])

    def board(self, where: str) -> None:
        """Put the calibration board somewhere (`TwinRequests.board`)."""
        self._ask("board", where=where)

    def shift(self, thing: str, by: Sequence[float]) -> None:
        """Move a camera or the board (`TwinRequests.shift`)."""
        self._ask("shift", thing=thing, by=[float(each) for each in by])

    def fault(self, name: str, servo: str | None = None, value: float | None = None) -> None:
        """Make something go wrong (`TwinRequests.fault`)."""
        self._ask("fault", name=name, servo=servo, value=value)

    def load(self, joint: str, torque: float) -> None:
        """Put a torque [Nm] on a joint from outside, until changed."""
        self._ask("load", joint=joint, torque=torque)

    def usage(self) -> dict[str, float]:
        """CPU time, lost time and counts of packets of the twin."""
        return self._ask("usage")

    def close(self) -> None:
        """Hang up; the twin goes on."""
        self._socket.close()

    def __enter__(self) -> "TwinClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, what: str, **arguments: Any) -> Any:  # noqa: ANN401
        request_id = next(self._ids)
        try:
            request = msgpack.packb({"id": request_id, "do": what, "arguments": arguments})
            self._socket.sendall(cast(bytes, request))
            answer = self._receive()
        except OSError as error:
            host, port = self._address
            raise RobotError(f"the twin on {host}:{port} did not answer {what!r} ({error}); is it running?") from None
        if answer.get("id") != request_id:
            raise RobotError(f"the twin answered {answer.get('id')}, asked was {request_id}; connect anew")
        if "error" in answer:
            raise RobotError(f"the twin refuses {what!r}: {answer['error']}")
        return answer["result"]

    def _receive(self) -> dict[str, Any]:
        while True:
            for answer in self._unpacker:
                return answer
            data = self._socket.recv(_CHUNK)
            if not data:
                raise ConnectionResetError("it hung up")
            self._unpacker.feed(data)
