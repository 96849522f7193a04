"""The phone's page in a real browser, touched by fingers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from clam_robot.timing import MonotonicClock
from teleop.device import AT_REST, Event, Fingers, Motion
from teleop.phone import PhoneDevice
from teleop.phone_config import PhoneConfig
from tests.teleop.terminals import wait_until

PORTRAIT, LANDSCAPE = {"width": 390, "height": 844}, {"width": 844, "height": 390}
PATIENCE = 60_000  # [ms]

pytestmark = pytest.mark.xdist_group("browser")
expect.set_options(timeout=PATIENCE)


class Hand:
    """Fingers on a phone that shows a device's page."""

    def __init__(self, device: PhoneDevice, context: BrowserContext, url: str) -> None:
        self.device, self.context = device, context
        context.set_default_timeout(PATIENCE)
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(url)
        self._wire: CDPSession = context.new_cdp_session(self.page)
        self._fingers: dict[str, tuple[float, float]] = {}

    def touch(self, pad: str) -> None:
        box = self.page.locator(f"#{pad}").bounding_box()
        assert box is not None
        self._fingers[pad] = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self._send("touchStart")

    def drag(self, pad: str, right: float, up: float) -> None:
        """Move a finger by shares of its pad's smaller side."""
        box = self.page.locator(f"#{pad}").bounding_box()
        assert box is not None
        side = min(box["width"], box["height"])
        x, y = self._fingers[pad]
        self._fingers[pad] = (x + right * side, y - up * side)
        self._send("touchMove")

    def lift(self, pad: str) -> None:
        self._send("touchEnd", pad)
        del self._fingers[pad]

    def until(self, is_so: Callable[[Motion], bool]) -> Motion:
        """What the device says when it says so."""
        found: list[Motion] = []

        def look() -> bool:
            found.append(self.device.read())
            return is_so(found[-1])

        wait_until(look)
        return found[-1]

    def _send(self, kind: str, *pads: str) -> None:
        """Tell the browser of some fingers, all by default."""
        points = [{"x": x, "y": y, "id": "lr".index(pad[0])} for pad, (x, y) in self._fingers.items()]
        chosen = [point for pad, point in zip(self._fingers, points, strict=True) if not pads or pad in pads]
        self._wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": chosen})


def new_device(**options: object) -> PhoneDevice:
    # Generous, as the machine may be busy.
    setup = PhoneConfig(address="127.0.0.1:0", max_age=1.0, rise=0.0, **options)  # pyright: ignore[reportArgumentType]
    device = PhoneDevice(setup, MonotonicClock())
    device.open()
    return device


@pytest.fixture
def device() -> Iterator[PhoneDevice]:
    device = new_device()
    yield device
    device.close()


@pytest.fixture
def hand(device: PhoneDevice, browser: Browser) -> Iterator[Hand]:
    context = browser.new_context(viewport=PORTRAIT, is_mobile=True, has_touch=True)  # pyright: ignore[reportArgumentType]
    hand = Hand(device, context, device.url)
    hand.until(lambda motion: motion.is_alive)
    yield hand
    context.close()
    assert hand.problems == []


@pytest.mark.parametrize(
    ("pad", "right", "up", "axis", "sign"),
    [
        ("left", 0.0, 0.5, 0, 1.0),
        ("left", 0.5, 0.0, 1, -1.0),
        ("right", 0.0, 0.5, 2, 1.0),
        ("right", 0.5, 0.0, 5, -1.0),
    ],
)
def test_a_finger_moves_the_device_and_lifting_it_rests_it(
    hand: Hand, pad: str, right: float, up: float, axis: int, sign: float
) -> None:
    hand.touch(pad)
    motion = hand.until(lambda motion: motion.clutch)
    assert motion.twist == AT_REST
    hand.drag(pad, right, up)
    motion = hand.until(lambda motion: motion.twist != AT_REST)
    expected = [0.0] * 6
    expected[axis] = sign
    assert motion.twist == pytest.approx(expected, abs=0.05)
    assert motion.speed == 0.5
    hand.lift(pad)
    assert hand.until(lambda motion: not motion.clutch).twist == AT_REST


def test_two_thumbs_move_at_once_and_turning_is_another_mode(hand: Hand) -> None:
    hand.page.get_by_role("button", name="Turn", exact=True).click()
    expect(hand.page.get_by_role("button", name="Turn", exact=True)).to_have_attribute("aria-pressed", "true")
    hand.touch("left")
    hand.touch("right")
    hand.drag("left", 0.5, 0.0)
    hand.drag("right", 0.0, -0.5)
    motion = hand.until(lambda motion: motion.twist[3] > 0.9 and motion.twist[2] < -0.9)
    assert motion.twist == pytest.approx((0, 0, -1, 1, 0, 0), abs=0.05)
    hand.lift("left")
    motion = hand.until(lambda motion: motion.twist[3] == 0.0)
    assert motion.twist == pytest.approx((0, 0, -1, 0, 0, 0), abs=0.05) and motion.clutch


def test_a_page_that_is_hidden_or_closed_rests(hand: Hand) -> None:
    hand.touch("left")
    hand.drag("left", 0.0, 0.5)
    hand.until(lambda motion: motion.twist != AT_REST)
    hand.page.evaluate("window.dispatchEvent(new Event('blur'))")
    hand.until(lambda motion: motion.twist == AT_REST and not motion.clutch)
    hand.page.goto("about:blank")
    hand.until(lambda motion: not motion.is_alive)


def test_a_page_that_freezes_rests_by_the_watchdog(hand: Hand) -> None:
    hand.touch("left")
    hand.drag("left", 0.0, 0.5)
    hand.until(lambda motion: motion.twist != AT_REST)
    freezing = "setTimeout(() => { const end = performance.now() + 4000; while (performance.now() < end); }, 0)"
    hand.page.evaluate(freezing)
    assert "old" in hand.until(lambda motion: not motion.is_alive).note


def test_buttons_say_their_events_and_the_gripper_toggles(hand: Hand) -> None:
    for name, event in [("Start", Event.START), ("Success", Event.SUCCESS), ("Failure", Event.FAILURE)]:
        hand.page.get_by_role("button", name=name).tap()
        assert hand.until(lambda motion: motion.events != ()).events == (event,)
    hand.page.get_by_role("button", name="Discard").tap()
    hand.page.get_by_role("button", name="Really?").tap()
    assert hand.until(lambda motion: motion.events != ()).events == (Event.DISCARD,)
    hand.page.get_by_role("button", name="Gripper").tap()
    assert hand.until(lambda motion: motion.gripper is not None).gripper is Fingers.TOGGLE
    hand.page.get_by_label("Speed").fill("20")
    hand.until(lambda motion: motion.speed == 0.2)


def test_the_stop_reaches_the_device_with_and_without_scripts(hand: Hand, browser: Browser) -> None:
    hand.page.get_by_role("button", name="STOP").tap()
    hand.until(lambda motion: motion.events == (Event.STOP,))
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(hand.device.url.partition("?")[0])
    plain.get_by_role("button", name="STOP").click()
    hand.until(lambda motion: motion.events == (Event.STOP,))
    context.close()


def test_a_connection_that_is_lost_is_said_and_comes_back(hand: Hand) -> None:
    expect(hand.page.locator("#link")).to_have_text("connected")
    port = hand.page.evaluate("location.port")
    key = hand.device.url.partition("?key=")[2]
    hand.device.close()
    expect(hand.page.locator("#link")).to_contain_text("the robot rests")
    hand.device = PhoneDevice(PhoneConfig(address=f"127.0.0.1:{port}", max_age=1.0, key=key), MonotonicClock())
    hand.device.open()
    try:
        hand.until(lambda motion: motion.is_alive)
        expect(hand.page.locator("#link")).to_have_text("connected")
    finally:
        hand.page.close()
        hand.device.close()


def test_a_second_phone_sees_that_another_one_drives(hand: Hand) -> None:
    second = hand.context.new_page()
    second.goto(hand.device.url)
    expect(second.locator("#link")).to_have_text("another phone drives")


def test_without_the_key_the_page_says_so(hand: Hand) -> None:
    stranger = hand.context.new_page()
    stranger.goto(hand.device.url.partition("?")[0])
    expect(stranger.locator("#link")).to_contain_text("lacks the key")


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE, {"width": 320, "height": 568}, {"width": 1024, "height": 768}])
def test_everything_is_on_the_screen(hand: Hand, size: dict[str, int]) -> None:
    hand.page.set_viewport_size(size)  # pyright: ignore[reportArgumentType]
    assert hand.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert hand.page.evaluate("document.documentElement.scrollHeight") <= size["height"]
    for pad in hand.page.locator(".pad").all():
        box = pad.bounding_box()
        assert box is not None and min(box["width"], box["height"]) >= 140


def test_without_tls_the_page_says_why_it_tracks_no_pose(hand: Hand) -> None:
    expect(hand.page.locator("#track")).to_be_disabled()
    expect(hand.page.locator("#track-note")).to_contain_text(
        "tracks no pose"
    )  # loopback is trusted, but has no headset
    url = hand.device.url.replace("127.0.0.1", "robot.test")
    far = hand.context.new_page()
    far.goto(url)
    expect(far.locator("#track-note")).to_contain_text("--phone.tls-certificate")


# A headset whose controller a test moves: what of WebXR the page uses, and nothing more.
_HEADSET = """
  window.headset = { time: 0, position: {x: 0, y: 1, z: 0}, source: { gripSpace: {}, gamepad: { buttons: [] } } };
  class Session extends EventTarget {
    constructor() { super(); this.inputSources = [headset.source]; this.visibilityState = "visible"; }
    updateRenderState(state) { this.renderState = state; }
    async requestReferenceSpace() { return {}; }
    requestAnimationFrame(callback) { headset.frame = callback; }
    end() { this.dispatchEvent(new Event("end")); }
  }
  const orientation = {x: 0, y: 0, z: 0, w: 1};
  const pose = () => ({ emulatedPosition: false, transform: { position: headset.position, orientation } });
  headset.step = (seconds, x, y, z) => {
    headset.time += 1000 * seconds;
    const { position: p } = headset;
    headset.position = { x: p.x + x, y: p.y + y, z: p.z + z };
    headset.frame(headset.time, { getViewerPose: pose, getPose: pose });
  };
  headset.say = kind => {
    const event = new Event(kind);
    event.inputSource = headset.source;
    headset.session.dispatchEvent(event);
  };
  window.XRWebGLLayer = class { constructor() { this.framebuffer = null; } };
  Object.defineProperty(navigator, "xr", { value: {
    isSessionSupported: async mode => mode === "immersive-vr",
    requestSession: async () => (headset.session = new Session()),
  } });
"""


def test_over_tls_a_controller_moves_the_device_while_its_trigger_is_held(browser: Browser, tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    device = new_device(tls_certificate=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    context = browser.new_context(ignore_https_errors=True)
    context.add_init_script(_HEADSET)
    try:
        hand = Hand(device, context, device.url)
        page = hand.page
        assert page.evaluate("isSecureContext")
        hand.until(lambda motion: motion.is_alive)
        page.get_by_role("button", name="Drive by its pose").click()
        page.wait_for_function("headset.frame !== undefined")
        moving = """setInterval(() => headset.step(0.016, 0, 0.0024, 0), 16)"""
        timer = page.evaluate(moving)
        assert hand.until(lambda motion: motion.is_alive).twist == AT_REST  # the trigger is not held
        page.evaluate("headset.say('selectstart')")
        motion = hand.until(lambda motion: motion.twist != AT_REST)
        assert motion.twist == pytest.approx((0, 0, 0.5, 0, 0, 0), abs=0.01)
        page.evaluate("headset.say('squeezestart')")
        assert hand.until(lambda motion: motion.gripper is not None).gripper is Fingers.TOGGLE
        page.evaluate("headset.say('selectend')")
        hand.until(lambda motion: motion.twist == AT_REST and not motion.clutch)
        page.evaluate("headset.say('selectstart')")
        hand.until(lambda motion: motion.twist != AT_REST)
        page.evaluate("timer => clearInterval(timer)", timer)  # the tracking is stuck, the trigger still held
        hand.until(lambda motion: motion.twist == AT_REST)
        page.evaluate("headset.source.gamepad.buttons[5] = { pressed: true }; headset.step(0.016, 0, 0, 0)")
        hand.until(lambda motion: Event.STOP in motion.events)
        assert hand.problems == []
    finally:
        context.close()
        device.close()
