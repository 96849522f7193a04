"""What pages that look on cost a loop in the same process, and how old what a phone says is when it is heard.

    .venv/bin/python tests/benchmarks/page_viewers.py [--seconds 20]

The loop wakes at 50 Hz and offers two cameras' pictures of 640 x 480 at 10 Hz; viewers ask for the next state and the
next pictures as fast as they get them. The phone talks over loopback: a network's own time comes on top.
"""

import argparse
import json
import threading
from contextlib import ExitStack

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.timing import MonotonicClock
from clam_robot.types import Observation, Step
from teleop.operator_page import operator_page
from teleop.page_server import PageServer
from teleop.phone import PhoneDevice
from teleop.phone_config import PhoneConfig
from tests.teleop.fake_session import FakeSession, make_spec

HZ = 50.0


def follow(url: str, path: str, ending: threading.Event, taken: list[int]) -> None:
    """One viewer."""
    try:
        with connect(url.replace("http", "ws", 1) + f"v1/session/{path}") as socket:
            while not ending.is_set():
                socket.send("next")
                taken.append(len(socket.recv()))
    except ConnectionClosed:
        return


def lateness(num_viewers: int, seconds: float) -> tuple[np.ndarray, int]:
    """How late each period began [s], and what the viewers were sent [byte]."""
    spec, session, clock, ending = make_spec(), FakeSession(), MonotonicClock(), threading.Event()
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (2, 30, 40, 3), np.uint8)
    cameras = {name: image.repeat(16, 0).repeat(16, 1) for name, image in zip(spec.cameras, small, strict=True)}
    app, taken = operator_page(session, spec=spec, latch=StopLatch(), key=None), list[int]()
    late: list[float] = []
    with ExitStack() as stack:
        url = stack.enter_context(PageServer(app, ("127.0.0.1", 0))).url
        viewers = [
            threading.Thread(target=follow, args=(url, path, ending, taken), daemon=True)
            for path in ("state", "pictures")
            for _ in range(num_viewers)
        ]
        for viewer in viewers:
            viewer.start()
        due = clock.now()
        for index in range(round(seconds * HZ)):
            due += 1.0 / HZ
            clock.sleep_until(due)
            late.append(clock.now() - due)
            if index % 5 == 0:
                state = np.zeros(len(spec.state), np.float32)
                seen = Observation(time=due, state=state, images=cameras, image_times=dict.fromkeys(cameras, due))
                session.step = Step(observation=seen, requested=None, sent=None)
        ending.set()
    return np.array(late), sum(taken)


def phone_ages(seconds: float) -> np.ndarray:
    """Age of what a phone says, there and back, at each message [s]."""
    clock = MonotonicClock()
    device = PhoneDevice(PhoneConfig(address="127.0.0.1:0", max_age=1.0), clock)
    device.open()
    ages: list[float] = []
    page, _, query = device.url.partition("?")
    with connect(page.replace("http", "ws", 1) + "v1/phone?" + query) as phone:
        for number in range(1, round(seconds * 30)):
            tick = json.loads(phone.recv())
            if tick["age"] is not None:
                ages.append(tick["age"])
            phone.send(json.dumps({"number": number, "seen": tick["number"], "clutch": True}))
    device.close()
    return np.array(ages)


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    for num_viewers in (0, 1, 3):
        late, taken = lateness(num_viewers, seconds)
        p50, p99, worst = 1e3 * np.percentile(late, (50, 99, 100))
        rate = taken / seconds / 1e6
        print(f"{num_viewers} viewers: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.0f} ms late; {rate:.1f} MB/s")
    p50, p99, worst = 1e3 * np.percentile(phone_ages(seconds), (50, 99, 100))
    print(
        f"phone, newest word when the next tick is sent: p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {worst:.0f} ms old"
    )


if __name__ == "__main__":
    main()
