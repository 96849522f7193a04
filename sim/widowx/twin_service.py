"""Gives a twin its side channel."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

from clam_robot.errors import PortInUse
from sim.widowx.control_channel import HOST, ControlChannel
from sim.widowx.photographer import Photographer
from sim.widowx.scene import scene_model
from sim.widowx.scene_board import SceneBoard
from sim.widowx.trace import Trace
from sim.widowx.twin import Twin
from sim.widowx.twin_requests import TwinRequests


@contextmanager
def serve_requests(twin: Twin, *, port: int = 0, board: SceneBoard | None = None) -> Iterator[tuple[str, int]]:
    """Answer requests inside the twin's loop while the block lasts.

    Args:
        twin: whose.
        port: to listen on; 0 takes a free one.
        board: that is in its pictures.

    Yields:
        The address to connect to.

    Raises:
        PortInUse: another process listens there.
    """
    channel: ControlChannel | None = None

    def wake() -> None:
        if channel is not None:
            channel.wake()

    photographer = Photographer(_drawn(twin, board), wake)
    requests = TwinRequests(twin, Trace(twin.physics), photographer, board)
    try:
        channel = ControlChannel(requests.handlers, twin.selector, port=port)
    except OSError as error:
        raise PortInUse(f"{HOST}:{port}: {error.strerror}; choose another --control-port, 0 for a free one") from None
    try:
        yield channel.address
    finally:
        photographer.close()
        channel.close()


def _drawn(twin: Twin, board: SceneBoard | None) -> Any:  # noqa: ANN401
    """The scene as a model of its own, with the board, which weighs nothing and touches nothing."""
    if board is None:
        return copy(twin.physics.model)

    def add(spec: Any) -> None:  # noqa: ANN401
        twin.physics.task.add_to(spec)
        board.add_to(spec)

    return scene_model(add)
