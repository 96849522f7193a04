"""The operator's page of a recording session."""

from contextlib import ExitStack

from clam_robot.cli.console import console
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.specs import RobotSpec
from teleop.page_address import parse_address
from teleop.page_key import new_secret
from teleop.session_state import SessionControl


def open_page(address: str, control: SessionControl, spec: RobotSpec, latch: StopLatch, stack: ExitStack) -> str:
    """Serve the page until the stack is closed, and say where.

    Args:
        address: HOST:PORT.
        control: the session.
        spec: of the robot.
        latch: what the page's stop sets.
        stack: closes it.

    Returns:
        Its address, with the key of this run.

    Raises:
        ConfigError: the address is none.
        PortInUse: another process listens there.
    """
    from teleop.operator_page import operator_page
    from teleop.page_server import PageServer

    key = new_secret()
    page = stack.enter_context(
        PageServer(operator_page(control, spec=spec, latch=latch, key=key), parse_address(address))
    )
    url = f"{page.url}?key={key}"
    console.print(f"operator's page: {url}", soft_wrap=True)
    return url
