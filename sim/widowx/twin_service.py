"""Gives a twin its side channel."""

from collections.abc import Iterator
from contextlib import contextmanager

from clam_robot.errors import PortInUse
from sim.widowx.control_channel import HOST, ControlChannel
from sim.widowx.photographer import Photographer
from sim.widowx.trace import Trace
from sim.widowx.twin import Twin
from sim.widowx.twin_requests import TwinRequests


@contextmanager
def serve_requests(twin: Twin, *, port: int = 0) -> Iterator[tuple[str, int]]:
    """Answer requests inside the twin's loop while the block lasts.

    Yields:
        The address to connect to.

    Raises:
        PortInUse: another process listens there.
    """
    channel: ControlChannel | None = None

    def wake() -> None:
        if channel is not None:
            channel.wake()

    photographer = Photographer(twin.physics.model, wake)
    requests = TwinRequests(twin, Trace(twin.physics), photographer)
    try:
        channel = ControlChannel(requests.handlers, twin.selector, port=port)
    except OSError as error:
        raise PortInUse(f"{HOST}:{port}: {error.strerror}; choose another --control-port, 0 for a free one") from None
    try:
        yield channel.address
    finally:
        photographer.close()
        channel.close()
