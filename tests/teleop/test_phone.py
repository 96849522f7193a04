"""The phone as a device, with a phone on a real connection."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import trustme
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from clam_robot.errors import ConfigError, DeviceUnavailable
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.timing import MonotonicClock
from teleop.background import BackgroundDevice
from teleop.device import AT_REST, Event, Fingers, Motion, TeleopDevice
from teleop.page_key import WRONG_KEY
from teleop.phone import PhoneDevice
from teleop.phone_config import PhoneConfig
from teleop.phone_page import TAKEN
from teleop.testing import TeleopDeviceContract
from tests.teleop.fake_phone import REST, FakePhone
from tests.teleop.terminals import wait_until

# Generous, as the machine may be busy; how old is too old is tested with a clock of our own.
SETUP = PhoneConfig(address="127.0.0.1:0", max_age=1.0, rise=0.0)
PUSHED = [0.5, 0.0, 0.0, 0.0, 0.0, 0.0]


@pytest.fixture
def device() -> Iterator[PhoneDevice]:
    device = PhoneDevice(SETUP, MonotonicClock())
    device.open()
    yield device
    device.close()


@pytest.fixture
def phone(device: PhoneDevice) -> Iterator[FakePhone]:
    phone = FakePhone(device.url)
    wait_until(lambda: device.read().is_alive)
    yield phone
    phone.hang_up()


class TestPhoneDevice(TeleopDeviceContract):
    @pytest.fixture(autouse=True)
    def hung_up_at_the_end(self) -> Iterator[None]:
        self.phone: FakePhone | None = None
        self.url = ""
        yield
        if self.phone is not None:
            self.phone.hang_up()

    def make_device(self) -> TeleopDevice:
        return PhoneDevice(SETUP, MonotonicClock(), tell=self.answer)

    def answer(self, url: str) -> None:
        """Somebody opens the page as soon as it is there."""
        self.url = url
        if self.phone is not None:
            self.phone.hang_up()
        self.phone = FakePhone(url)

    def push(self) -> None:
        assert self.phone is not None
        self.phone.say(twist=PUSHED, clutch=True)

    def let_go(self) -> None:
        assert self.phone is not None
        self.phone.say(twist=REST, clutch=False)

    def unplug(self) -> None:
        assert self.phone is not None
        self.phone.hang_up()

    def plug_in(self) -> None:
        self.phone = FakePhone(self.url)

    def wait(self, device: TeleopDevice, *, is_alive: bool = True, is_moving: bool = False) -> Motion:
        found = Motion()

        def is_so() -> bool:
            nonlocal found
            found = device.read()
            return found.is_alive is is_alive and (found.twist != AT_REST) is is_moving

        wait_until(is_so)
        return found


def test_what_is_said_once_is_given_out_once(device: PhoneDevice, phone: FakePhone) -> None:
    phone.say(events=["start", "keep"], gripper="toggle")
    heard: list[Motion] = []
    wait_until(lambda: bool(heard.append(device.read()) or heard[-1].events))
    assert (heard[-1].events, heard[-1].gripper) == ((Event.START, Event.KEEP), Fingers.TOGGLE)
    assert device.read().events == () and device.read().gripper is None


def test_speed_and_clutch_arrive(device: PhoneDevice, phone: FakePhone) -> None:
    phone.say(twist=PUSHED, clutch=True, speed=0.3)
    wait_until(lambda: device.read() == Motion(twist=(0.5, 0.0, 0.0, 0.0, 0.0, 0.0), speed=0.3))
    phone.say(clutch=False)
    wait_until(lambda: device.read() == Motion(clutch=False, speed=0.3))


def test_a_connection_that_ends_rests_at_once(device: PhoneDevice, phone: FakePhone) -> None:
    phone.say(twist=PUSHED, clutch=True)
    wait_until(lambda: device.read().twist != AT_REST)
    phone.hang_up()
    wait_until(lambda: not device.read().is_alive)
    motion = device.read()
    assert motion.twist == AT_REST and "no phone is connected" in motion.note


def test_a_page_without_the_key_drives_nothing(device: PhoneDevice) -> None:
    stranger = FakePhone(device.url.partition("?")[0] + "?key=another")
    wait_until(lambda: stranger.closed == WRONG_KEY)
    assert not device.read().is_alive


def test_pages_of_other_sites_drive_nothing(device: PhoneDevice) -> None:
    page, _, query = device.url.partition("?")
    address = page.replace("http", "ws", 1) + "v1/phone?" + query
    with (
        connect(address, origin=Origin("http://evil.test"), open_timeout=20) as socket,
        pytest.raises(ConnectionClosed, match=str(WRONG_KEY)),
    ):
        socket.recv(timeout=20)
    assert not device.read().is_alive


def test_a_second_phone_is_told_that_another_one_drives(device: PhoneDevice, phone: FakePhone) -> None:
    second = FakePhone(device.url)
    wait_until(lambda: second.closed == TAKEN)
    assert device.read().is_alive and phone.closed is None


def test_anybody_stops_even_with_the_phone_gone(device: PhoneDevice) -> None:
    assert httpx2.post(device.url.partition("?")[0] + "v1/arm/stop", timeout=20.0).json() == {"stopped": True}
    motion = device.read()
    assert motion.events == (Event.STOP,) and not motion.is_alive


def test_in_the_background_its_stop_sets_the_latch() -> None:
    latch, clock = StopLatch(), MonotonicClock()
    phone = PhoneDevice(SETUP, clock)
    device = BackgroundDevice(phone, clock, latch=latch)
    device.open()
    try:
        httpx2.post(phone.url.partition("?")[0] + "v1/arm/stop", timeout=20.0)
        wait_until(lambda: latch.cause is not None)
    finally:
        device.close()


def test_an_address_that_is_taken_is_said(device: PhoneDevice) -> None:
    port = httpx2.URL(device.url).port
    second = PhoneDevice(PhoneConfig(address=f"127.0.0.1:{port}"), MonotonicClock())
    with pytest.raises(DeviceUnavailable, match=r"taken.*--phone\.address"):
        second.open()
    with pytest.raises(DeviceUnavailable, match="open"):
        second.read()


def test_over_tls_a_phone_that_knows_the_authority_drives(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    setup = PhoneConfig(address="127.0.0.1:0", tls_certificate=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    device = PhoneDevice(setup, MonotonicClock())
    device.open()
    try:
        assert device.url.startswith("https://")
        phone = FakePhone(device.url, tls=trusting)
        wait_until(lambda: device.read().is_alive)
        phone.hang_up()
        with pytest.raises(ssl.SSLCertVerificationError):
            FakePhone(device.url, tls=ssl.create_default_context())
    finally:
        device.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"address": "8090"}, "HOST:PORT"),
        ({"max_age": 5.0}, "max_age"),
        ({"rise": -1.0}, "rise"),
        ({"full_speed": 0.0}, "full_speed"),
        ({"tls_key": Path("key.pem")}, "both or neither"),
        ({"key": "short"}, "8 characters"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        PhoneConfig(**options)  # pyright: ignore[reportArgumentType]


def test_keys_are_new_for_every_run_and_the_owner_is_told(device: PhoneDevice) -> None:
    told: list[str] = []
    other = PhoneDevice(SETUP, MonotonicClock(), told.append)
    other.open()
    try:
        assert told == [other.url] and other.url.partition("?key=")[2] != device.url.partition("?key=")[2]
    finally:
        other.close()


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"number": 1}), "\ud800" * 3, "9" * 50_000])
def test_nonsense_neither_moves_nor_ends_the_connection(device: PhoneDevice, phone: FakePhone, text: str) -> None:
    phone.send(text.encode("utf-8", "replace"))
    phone.send(text.encode("utf-8", "replace").decode())
    phone.say(twist=PUSHED, clutch=True)
    wait_until(lambda: device.read().twist != AT_REST)
