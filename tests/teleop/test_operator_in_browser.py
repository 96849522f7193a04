"""The operator's page in a real browser, without a window."""

import socket
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.timing import MonotonicClock
from teleop.operator_page import operator_page
from teleop.page_server import PageServer
from teleop.session_state import Phase, Wish
from tests.teleop.fake_session import COVERAGE, GAUGES, READY, RECORDING, FakeSession, make_spec, make_step
from tests.teleop.terminals import wait_until

KEY = "key of this run"
PHONE = {"width": 390, "height": 844}
PATIENCE = 60_000  # [ms]

pytestmark = pytest.mark.xdist_group("browser")
expect.set_options(timeout=PATIENCE)


class Bench:
    """A session, its server on one port that may go and come back, and the page in a browser."""

    def __init__(self) -> None:
        self.session, self.latch, self.spec = FakeSession(), StopLatch(), make_spec()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.problems: list[str] = []
        self.server = self.serve()

    def serve(self) -> PageServer:
        app = operator_page(self.session, spec=self.spec, latch=self.latch, key=KEY)
        return PageServer(app, ("127.0.0.1", self.port)).__enter__()

    def open(self, browser: Browser, *, key: str = KEY, **options: object) -> Page:
        context = browser.new_context(**options)  # pyright: ignore[reportArgumentType]
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(f"{self.server.url}?key={key}")
        return page

    def see(self, shade: int) -> None:
        """A new control period in which the cameras see a shade."""
        self.session.step = make_step(MonotonicClock().now(), self.spec, shade=shade)


@pytest.fixture
def bench(browser: Browser) -> Iterator[Bench]:
    bench = Bench()
    yield bench
    for context in browser.contexts:
        context.close()
    bench.server.__exit__(None, None, None)
    assert bench.problems == []


def test_buttons_ask_for_what_the_phase_allows(bench: Bench, browser: Browser) -> None:
    page = bench.open(browser)
    expect(page.locator("#phase-word")).to_have_text("ready")
    for wish in ("end", "success", "discard"):
        expect(page.locator(f"button[data-wish={wish}]")).to_be_disabled()
    page.get_by_role("button", name="Start").click()
    wait_until(lambda: bench.session.asked == [(Wish.START, "")])
    bench.session.become(phase=Phase.RECORDING, wishes=RECORDING)
    expect(page.locator("button[data-wish=start]")).to_be_disabled()
    page.get_by_role("button", name="Success").click()
    wait_until(lambda: bench.session.asked[-1] == (Wish.SUCCESS, ""))
    page.get_by_label("Note for the episode").fill("the block slipped")
    page.keyboard.press("Enter")
    wait_until(lambda: bench.session.asked[-1] == (Wish.NOTE, "the block slipped"))
    expect(page.get_by_label("Note for the episode")).to_have_value("")
    bench.session.refusal = "nothing to end"
    page.get_by_role("button", name="End", exact=True).click()
    expect(page.locator("#message")).to_have_text("nothing to end")


def test_throwing_away_is_asked_twice(bench: Bench, browser: Browser) -> None:
    bench.session.become(phase=Phase.REVIEW, wishes=frozenset({Wish.DISCARD}))
    page = bench.open(browser)
    page.get_by_role("button", name="Discard").click()
    assert bench.session.asked == []
    page.get_by_role("button", name="Really discard?").click()
    wait_until(lambda: bench.session.asked == [(Wish.DISCARD, "")])


def test_figures_alarms_and_coverage_are_shown(bench: Bench, browser: Browser) -> None:
    bench.session.become(gauges=GAUGES, coverage=COVERAGE, num_kept=17)
    page = bench.open(browser)
    expect(page.locator(".gauge")).to_have_count(len(GAUGES))
    expect(page.locator(".gauge.alarming")).to_contain_text("41 ms")
    expect(page.get_by_label("gripper transitions: 31 of 60")).to_be_visible()
    expect(page.locator("#coverage")).to_contain_text("closing near the table")
    expect(page.locator("#counts")).to_contain_text("17 of 50 episodes kept")


@pytest.mark.parametrize("phase", list(Phase))
def test_the_stop_works_in_every_phase(bench: Bench, browser: Browser, phase: Phase) -> None:
    bench.session.become(phase=phase, wishes=frozenset())
    page = bench.open(browser)
    expect(page.locator("#phase-word")).to_have_text(phase)
    page.get_by_role("button", name="STOP").click()
    wait_until(lambda: bench.latch.cause is not None)
    expect(page.locator("#alarm")).to_contain_text("Stopped")


def test_the_stop_works_without_any_script_and_with_a_broken_session(bench: Bench, browser: Browser) -> None:
    bench.session.error = RuntimeError("broken")
    page = bench.open(browser, java_script_enabled=False)
    page.get_by_role("button", name="STOP").click()
    wait_until(lambda: bench.latch.cause is not None)


def test_the_escape_key_stops(bench: Bench, browser: Browser) -> None:
    page = bench.open(browser)
    page.get_by_label("Note for the episode").focus()
    page.keyboard.press("Escape")
    wait_until(lambda: bench.latch.cause is not None)


def test_a_stop_without_an_answer_says_so(bench: Bench, browser: Browser) -> None:
    page = bench.open(browser)
    expect(page.locator("#phase-word")).to_have_text("ready")

    def lose(route: Route) -> None:
        route.abort()

    page.route("**/v1/arm/stop", lose)
    page.get_by_role("button", name="STOP").click()
    expect(page.locator("#alarm")).to_contain_text("cut its power")


def test_after_a_stop_whoever_has_looked_clears_it(bench: Bench, browser: Browser) -> None:
    bench.session.become(phase=Phase.STOPPED, wishes=frozenset({Wish.CLEAR}), stop_reason="overload: elbow pushes")
    page = bench.open(browser)
    expect(page.locator("#alarm")).to_contain_text("overload: elbow pushes")
    page.get_by_role("button", name="I have looked").click()
    wait_until(lambda: bench.session.asked == [(Wish.CLEAR, "")])


def shade(page: Page, camera: str = "wrist") -> int:
    """Red of the middle of a camera's picture; -1 before there is one."""
    return page.evaluate(
        """camera => {
          const canvas = document.querySelector(`[data-camera=${camera}] canvas`);
          return canvas ? canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0] : -1;
        }""",
        camera,
    )


def test_pictures_change_on_the_screen_and_say_when_they_are_old(bench: Bench, browser: Browser) -> None:
    page = bench.open(browser)
    for value in (40, 200, 90):
        bench.see(value)
        wait_until(lambda value=value: abs(shade(page) - value) <= 3)
    expect(page.locator("[data-camera=wrist].stale b")).to_contain_text("s old")
    bench.see(10)
    expect(page.locator("[data-camera=wrist]:not(.stale) b")).to_have_text("live")


def ink(page: Page) -> int:
    """How much is drawn in all plots [pixel]."""
    return page.evaluate(
        """[...document.querySelectorAll(".plot canvas")].map(canvas => canvas.getContext("2d")
          .getImageData(0, 0, canvas.width, canvas.height).data.filter((_, i) => i % 4 === 3)
          .reduce((sum, alpha) => sum + (alpha > 0), 0)).reduce((a, b) => a + b, 0)"""
    )


def test_plots_are_drawn_of_what_is_measured_requested_and_sent(bench: Bench, browser: Browser) -> None:
    page = bench.open(browser)
    expect(page.locator(".plot")).to_have_count(7)
    bench.see(0)
    expect(page.locator(".plot b").first).not_to_have_text("")
    wait_until(lambda: ink(page) > 0)
    axes = ink(page)
    for _ in range(4):
        bench.see(0)
        seen = page.locator(".plot b").first.text_content()
        wait_until(lambda seen=seen: page.locator(".plot b").first.text_content() != seen)
    wait_until(lambda: ink(page) > axes)


def test_a_session_that_goes_is_said_at_once_and_one_that_comes_back_is_shown(bench: Bench, browser: Browser) -> None:
    page = bench.open(browser)
    expect(page.locator("#link")).to_have_text("live")
    bench.server.__exit__(None, None, None)
    expect(page.locator("#alarm")).to_contain_text("No connection to the session")
    expect(page.locator("button[data-wish=start]")).to_be_disabled()
    expect(page.get_by_role("button", name="STOP")).to_be_enabled()
    page.get_by_role("button", name="STOP").click()
    expect(page.locator("#alarm")).to_contain_text("The stop got no answer")
    bench.session.become(phase=Phase.RECORDING, wishes=RECORDING)
    bench.server = bench.serve()
    expect(page.locator("#phase-word")).to_have_text("recording")
    expect(page.locator("#alarm")).to_be_hidden()
    expect(page.locator("button[data-wish=end]")).to_be_enabled()


def test_a_session_that_hangs_is_not_believed_and_can_be_stopped(bench: Bench, browser: Browser) -> None:
    page = bench.open(browser)
    expect(page.locator("#link")).to_have_text("live")
    hangs, goes_on = threading.Event(), threading.Event()
    look = bench.session.state

    def hang() -> object:
        hangs.set()
        goes_on.wait(60.0)
        return look()

    bench.session.state = hang  # pyright: ignore[reportAttributeAccessIssue]
    try:
        assert hangs.wait(60.0)
        expect(page.locator("#alarm")).to_contain_text("what is shown is old")
        expect(page.locator("button[data-wish=start]")).to_be_disabled()
        page.get_by_role("button", name="STOP").click()
        wait_until(lambda: bench.latch.cause is not None)
    finally:
        goes_on.set()
    expect(page.locator("#alarm")).to_contain_text("Stopped")


def test_without_the_key_there_is_a_stop_button_alone(bench: Bench, browser: Browser) -> None:
    page = bench.open(browser, key="another")
    expect(page.get_by_role("button")).to_have_count(1)
    page.get_by_role("button", name="STOP").click()
    wait_until(lambda: bench.latch.cause is not None)


@pytest.mark.parametrize("size", [PHONE, {"width": 320, "height": 568}, {"width": 1280, "height": 800}])
def test_nothing_is_wider_than_the_screen_and_the_stop_is_always_on_it(
    bench: Bench, browser: Browser, size: dict[str, int]
) -> None:
    bench.session.become(
        phase=Phase.RECORDING,
        gauges=GAUGES,
        coverage=COVERAGE,
        wishes=READY | RECORDING,
        prompt="Put the block, which is red, into the pot, which is not. " * 2,
        message="an_extraordinarily_long_name_of_a_folder_without_any_space_" * 3,
        task="put the block into the pot " * 6,
    )
    bench.see(120)
    page = bench.open(browser, viewport=size, is_mobile=size["width"] < 500, has_touch=True)
    expect(page.locator(".plot")).to_have_count(7)
    expect(page.locator("[data-camera=wrist]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for place in (0, 10_000):
        page.evaluate("place => scrollTo(0, place)", place)
        box = page.get_by_role("button", name="STOP").bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= size["width"]
        assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"] and box["height"] >= 48


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(bench: Bench, browser: Browser, scheme: str) -> None:
    """Contrast of 4.5 to 1 of all text, but of what cannot be pressed now."""
    bench.session.become(gauges=GAUGES, coverage=COVERAGE, phase=Phase.RECORDING, wishes=RECORDING)
    page = bench.open(browser, color_scheme=scheme)
    expect(page.locator(".plot")).to_have_count(7)
    for phase in Phase:
        bench.session.become(phase=phase)
        expect(page.locator("#phase-word")).to_have_text(phase)
        assert page.evaluate(_FAINT_TEXTS) == []


# Elements with text of their own whose colour is too close to the nearest opaque background behind them.
_FAINT_TEXTS = """() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")].filter(element => element.checkVisibility()
    && !element.closest(":disabled, #cameras")
    && [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
    .map(element => {
      const [a, b] = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
      return [element.textContent, (a + 0.05) / (b + 0.05)];
    }).filter(([, contrast]) => contrast < 4.5);
}"""


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(bench: Bench, browser: Browser) -> None:
    bench.session.become(phase=Phase.REVIEW, wishes=frozenset(Wish))
    page = bench.open(browser)
    expect(page.locator("button[data-wish=keep]")).to_be_enabled()
    for control in page.locator("button:visible, input:visible").all():
        assert control.evaluate("e => (e.labels?.[0] ?? e).textContent.trim()")
        assert control.evaluate("e => e.tabIndex") == 0
