"""What camera threads cost, how evenly they deliver, and what a loop in the same process feels of them.

    .venv/bin/python tests/benchmarks/camera_threads.py [--seconds 10]

Two and three cameras of 640 x 480 at 30 Hz: drawn ones, which cost next to nothing themselves, and MJPG videos, whose
pictures are decoded as those of a webcam are. A loop of 50 Hz runs beside them and looks at the newest frames ten times
a second, as a robot does. `latency` is from a frame's time until it could be had, `age` how old the newest frame was
when the loop looked, `lateness` how late the loop's periods began. CPU shares are of one core.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from clam_robot.hardware.cameras.factory import make_rig
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.hardware.cameras.setup import AnyCameraSetup, CamerasConfig, PatternSetup, VideoSetup
from clam_robot.timing import MonotonicClock

WIDTH, HEIGHT, FPS = 640, 480, 30.0
LOOP_HZ, LOOK_EVERY = 50.0, 5
PATIENCE = 60.0


def write_video(path: Path, num_frames: int = 90) -> None:
    """Motion JPEG of a picture with noise that moves; 60 kB a frame."""
    rng = np.random.default_rng(0)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (HEIGHT, 2 * WIDTH, 3), dtype=np.uint8), (0, 0), 4)
    scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    for k in range(num_frames):
        frame = scene[:, 4 * k : 4 * k + WIDTH].astype(np.float64) + rng.normal(0, 2, (HEIGHT, WIDTH, 3))
        video.write(np.clip(frame, 0, 255).astype(np.uint8))
    video.release()


def measure(rig: CameraRig, seconds: float) -> str:
    """One row of the table."""
    clock = MonotonicClock()
    rig.connect(PATIENCE)
    before = {name: thread.statistics() for name, thread in rig.threads.items()}
    lateness, ages = [], []
    begun, cpu = time.perf_counter(), time.process_time()
    deadline = clock.now()
    for k in range(round(LOOP_HZ * seconds)):
        deadline += 1.0 / LOOP_HZ
        clock.sleep_until(deadline)
        lateness.append(clock.now() - deadline)
        if k % LOOK_EVERY == 0:
            now = clock.now()
            ages += [now - frame.time for frame in rig.latest(PATIENCE).values()]
    elapsed = time.perf_counter() - begun
    share = (time.process_time() - cpu) / elapsed
    found = {name: thread.statistics() for name, thread in rig.threads.items()}
    rig.end()
    rates = [(found[name].num_frames - before[name].num_frames) / elapsed for name in found]
    num_dropped = sum(each.num_dropped for each in found.values())
    p50, p95 = (max((getattr(each, name) for each in found.values()), default=0.0) for name in _LATENCIES)
    ages = ages or [0.0]
    return (
        f"{min(rates, default=0.0):7.2f} {num_dropped:8} {share:6.2f} {p50 * 1e3:6.2f} /{p95 * 1e3:6.2f}"
        f" {np.median(ages) * 1e3:8.1f} /{np.percentile(ages, 95) * 1e3:5.1f}"
        f" {np.median(lateness) * 1e3:8.2f} /{np.percentile(lateness, 99) * 1e3:6.2f} /{max(lateness) * 1e3:6.2f}"
    )


_LATENCIES = ("latency_p50", "latency_p95")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    print(
        f"{'cameras':12} {'rate':>7} {'dropped':>8} {'CPU':>6} {'latency p50/95':>14} {'age p50/95 ms':>15}"
        f" {'lateness p50/99/worst ms':>26}"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.avi"
        write_video(path)
        kinds: dict[str, Callable[[], AnyCameraSetup]] = {
            "drawn": lambda: PatternSetup(width=WIDTH, height=HEIGHT, fps=FPS),
            "MJPG video": lambda: VideoSetup(path=path, width=WIDTH, height=HEIGHT, fps=FPS),
        }
        print(f"{'none':12} {measure(CameraRig([]), options.seconds)}", flush=True)
        for kind, make in kinds.items():
            for count in (2, 3):
                config = CamerasConfig(cameras={f"camera{k}": make() for k in range(count)})
                row = measure(make_rig(config, MonotonicClock()), options.seconds)
                print(f"{f'{count} {kind}':12} {row}", flush=True)


if __name__ == "__main__":
    main()
