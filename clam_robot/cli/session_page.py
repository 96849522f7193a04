"""The operator's page of a recording session: the one place where it is plugged in."""

import secrets
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec

from clam_robot.cli.console import console
from clam_robot.errors import MissingDependency
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.specs import RobotSpec
from teleop.session_state import SessionControl

_PAGE, _ADDRESS = "teleop.operator_page", "teleop.page_address"


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
        MissingDependency: there is no page in this installation.
        PortInUse: another process listens there.
    """
    if find_spec(_PAGE) is None:
        raise MissingDependency("--page: this installation has no operator's page; leave --page away")
    from teleop.page_server import PageServer

    key = secrets.token_urlsafe(12)
    app = import_module(_PAGE).operator_page(control, spec=spec, latch=latch, key=key)
    page = stack.enter_context(PageServer(app, import_module(_ADDRESS).parse_address(address)))
    url = f"{page.url}?key={key}"
    console.print(f"operator's page: {url}", soft_wrap=True)
    return url
