"""A phone or tablet as a teleoperation device: a page of our own with thumb pads, and tracked poses through WebXR."""

from collections.abc import Callable

from clam_robot.errors import DeviceUnavailable, ServerError
from clam_robot.timing import Clock
from teleop.device import Motion
from teleop.page_address import parse_address
from teleop.page_key import new_secret
from teleop.page_server import PageServer
from teleop.phone_config import PhoneConfig
from teleop.phone_link import PhoneLink
from teleop.phone_page import phone_page


class PhoneDevice:
    """A `TeleopDevice` that serves its page while it is open. Without a phone, or with a late one, it is not alive.

    Args:
        setup: where the page is, and how it is listened to.
        clock: of the messages.
        tell: told the page's address with its key when it is there.

    Attributes:
        url: of the page, with its key; "" while it is not open.
    """

    def __init__(self, setup: PhoneConfig, clock: Clock, tell: Callable[[str], object] = lambda url: None) -> None:
        self._setup, self._clock, self._tell = setup, clock, tell
        self._key = setup.key or new_secret()
        self._server: PageServer | None = None
        self._link = PhoneLink(setup, clock)
        self.url = ""

    def open(self) -> None:
        if self._server is not None:
            return
        self._link = PhoneLink(self._setup, self._clock)
        app = phone_page(self._link, self._setup, self._key)
        server = PageServer(app, parse_address(self._setup.address), tls=self._setup.tls)
        try:
            server.__enter__()
        except ServerError as error:
            raise DeviceUnavailable(f"the phone's page: {error}; give another with --phone.address") from error
        self._server = server
        self.url = f"{server.url}?key={self._key}"
        self._tell(self.url)

    def close(self) -> None:
        server, self._server = self._server, None
        self.url = ""
        if server is not None:
            server.__exit__(None, None, None)

    def read(self) -> Motion:
        if self._server is None:
            raise DeviceUnavailable("the phone's page is not open; call open() first")
        return self._link.motion()
