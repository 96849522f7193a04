"""Pictures of the pages for the README: `MUJOCO_GL=egl python -m tests.teleop.take_pictures teleop/pictures`.

The arm's twin moves before its cameras; the session around it is a fake that stands where a picture needs it.
"""

import itertools
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console

from clam_robot.cli.session_view import session_view
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.specs import RobotSpec
from clam_robot.timing import ManualClock, MonotonicClock
from clam_robot.types import Step
from sim.registry import make_robot
from teleop.operator_page import operator_page
from teleop.page_server import PageServer
from teleop.phone import PhoneDevice
from teleop.phone_config import PhoneConfig
from teleop.session_state import Coverage, Phase, SessionState, Wish
from tests.teleop.fake_session import COVERAGE, GAUGES, READY, RECORDING, FakeSession

DESKTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
REVIEW = frozenset({Wish.KEEP, Wish.SUCCESS, Wish.FAILURE, Wish.UNSURE, Wish.REDO, Wish.DISCARD, Wish.NOTE, Wish.STOP})


def drive(num_steps: int = 120) -> tuple[RobotSpec, list[Step]]:
    """The twin reaches about, as a person would have it."""
    clock = ManualClock()
    robot = make_robot(
        "widowx-twin:reach-block", clock, cameras=("over_shoulder", "wrist"), image_size=(360, 480), horizon=1000
    )
    robot.connect()
    robot.reset(seed=4)
    steps: list[Step] = []
    for index in range(num_steps):
        observation = robot.get_observation()
        swing = 0.2 * index
        requested = np.zeros(len(robot.spec.action), np.float32)
        requested[:3] = [0.012 * np.cos(0.7 * swing), 0.016 * np.cos(swing), -0.012 * np.sin(0.5 * swing)]
        requested[5] = 0.08 * np.sin(swing)
        requested[-1] = float(index % 60 < 35)
        sent = robot.send_action(requested)
        steps.append(Step(observation=observation, requested=requested, sent=sent))
        clock.advance(1.0 / robot.spec.control_hz)
    robot.disconnect()
    return robot.spec, steps


@contextmanager
def replayed(session: FakeSession, steps: Sequence[Step]):  # noqa: ANN201 - a context
    """The session sees the steps ten times a second, there and back."""
    ending = threading.Event()

    def run() -> None:
        for step in itertools.cycle([*steps, *reversed(steps)]):
            now = time.monotonic()
            seen = replace(step.observation, time=now, image_times=dict.fromkeys(step.observation.images, now - 0.03))
            session.step = replace(step, observation=seen)
            if ending.wait(0.1):
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield ending
    ending.set()
    thread.join()


def save(page: Page, path: Path) -> None:
    """A PNG of few colours, so that it is small."""
    with Image.open(BytesIO(page.screenshot())) as picture:
        small = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
    print(path, path.stat().st_size)


def operator(browser: Browser, folder: Path) -> None:
    """The operator's page in its phases."""
    spec, steps = drive()
    session, latch = FakeSession(), StopLatch()
    app = operator_page(session, spec=spec, latch=latch, key="a-key")
    with ExitStack() as stack:
        server = stack.enter_context(PageServer(app, ("127.0.0.1", 0)))
        stack.enter_context(replayed(session, steps))
        session.become(gauges=(*GAUGES[:2], replace(GAUGES[2], value=12.0, is_alarming=False, detail=""), *GAUGES[3:4]))
        pages: dict[str, Page] = {}
        for name, options, scheme in (("desktop", DESKTOP, "dark"), ("phone", PHONE, "light")):
            pages[name] = browser.new_context(color_scheme=scheme, **options).new_page()
            pages[name].goto(f"{server.url}?key=a-key")
            pages[name].wait_for_selector("body:not(.lost) .plot")
        time.sleep(15.0)  # for the plots to fill

        def show(what: str, **changes: object) -> None:
            session.become(**changes)
            for name, page in pages.items():
                page.wait_for_selector(f"body[data-phase={session.now.phase}]")
                page.wait_for_timeout(1000)
                save(page, folder / f"operator-{what}-{name}.png")

        show("ready", seconds=4.0, wishes=READY, num_kept=17, num_success=14, num_failure=3)
        show(
            "recording",
            phase=Phase.RECORDING,
            seconds=12.3,
            prompt="Put the block into the pot.",
            gauges=GAUGES,
            wishes=RECORDING,
        )
        show(
            "play",
            mode="play",
            task="anything",
            prompt="Play: whatever has not been seen yet.",
            coverage=COVERAGE,
            message="episode 17 kept",
        )
        show(
            "review",
            mode="demonstration",
            task="put the block into the pot",
            phase=Phase.REVIEW,
            coverage=(),
            gauges=GAUGES[:2],
            prompt="How did it go?",
            message="",
            wishes=REVIEW,
        )
        latch.stop(detail="asked for over HTTP")
        show(
            "stopped",
            phase=Phase.STOPPED,
            prompt="Look at the arm, then clear the stop.",
            stop_reason="overload: the elbow pushes against something",
            wishes=frozenset({Wish.CLEAR, Wish.QUIT}),
        )
        stack.close()
        for name, page in pages.items():
            page.wait_for_timeout(4000)
            save(page, folder / f"operator-disconnected-{name}.png")


def teleop(browser: Browser, folder: Path) -> None:
    """The phone's page, touched."""
    device = PhoneDevice(PhoneConfig(address="127.0.0.1:0"), MonotonicClock())
    device.open()
    across = {**PHONE, "viewport": {"width": 844, "height": 390}}
    for name, options, scheme in (("upright", PHONE, "light"), ("across", across, "dark")):
        context = browser.new_context(color_scheme=scheme, **options)
        page = context.new_page()
        page.goto(device.url)
        page.wait_for_selector("body:not(.lost)")
        wire = context.new_cdp_session(page)
        points = []
        for index, (pad, right, up) in enumerate((("left", 20, 45), ("right", -30, 10))):
            box = page.locator(f"#{pad}").bounding_box()
            assert box is not None
            points.append({"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "id": index})
            wire.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
            points[-1] = {**points[-1], "x": points[-1]["x"] + right, "y": points[-1]["y"] - up}
            wire.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
        page.wait_for_timeout(800)
        save(page, folder / f"teleop-{name}.png")
        context.close()
    device.close()


def terminal(browser: Browser, folder: Path) -> None:
    """The terminal's view of play."""
    guide = tuple(
        Coverage(name=name, value=value, target=target, unit=unit)
        for name, value, target, unit in (
            ("holding something", 9.0, 15.0, "%"),
            ("gripper transitions", 14.0, 12.0, "/100"),
            ("workspace", 41.0, 60.0, "%"),
            ("turning", 3.0, 10.0, "%"),
        )
    )
    state = SessionState(
        phase=Phase.RECORDING,
        mode="play",
        task="anything the block allows",
        operator="ada",
        target=50,
        num_kept=17,
        num_unsure=17,
        seconds=12.3,
        prompt="Carry the block to the left edge of the table and let it go there.",
        gauges=GAUGES,
        coverage=guide,
        wishes=RECORDING,
    )
    console = Console(record=True, width=80, height=24, file=StringIO(), force_terminal=True)
    details = {"robot": "widowx-twin:reach-block", "folder": "data/play"}
    pose = "hand x +0.29 y -0.06 z +0.02 m   gripper 0.13"
    console.print(session_view(state, details, drives_by_keys=True, pose=pose))
    page = browser.new_context(viewport={"width": 1010, "height": 472}).new_page()
    page.set_content(f"<body style='margin:0'>{console.export_svg(title='clam record')}</body>")
    page.wait_for_timeout(500)
    save(page, folder / "terminal-play.png")


def main(folder: Path) -> None:
    """All of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        terminal(browser, folder)
        operator(browser, folder)
        teleop(browser, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
