"""Whether a recording keeps up on one core, and what its frames cost beside a video of the same quality.

    .venv/bin/python tests/benchmarks/recording_rate.py [--minutes 10] [--core 0]

Three cameras of 640 x 480 at 30 Hz, each in its thread, a loop of 50 Hz that hands over a row in every period, and
joints as often, all in one process on one core, which encodes and writes beside them. `step` is the time the loop takes
to hand over a row and `late` how late its periods began, both p50 / p99 / worst; `skew` is p50 / worst. Then frames of
one camera, of a moving scene with sensor noise, are compared with an AV1 video made with LeRobot's settings (SVT-AV1,
yuv420p, a key frame every 2, crf 30, preset 12), with JPEGs of that video's PSNR, and with the video at the crf that
comes nearest to the PSNR of the frames as they are stored. Times of a window are of the CPU and of the wall, medians;
on a busy machine only the first counts.
"""

import argparse
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("SVT_LOG", "1")

import av
import cv2
import numpy as np

from clam_robot.episodes import Episode, EpisodeWriter, Recorder, folders, frame_file, schema
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.timing import MonotonicClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

SIZE = CameraSpec(height=480, width=640)
FPS, LOOP_HZ, NUM_CAMERAS, NUM_JOINTS = 30, 50.0, 3, 6
NUM_PICTURES, NUM_FILMED, NUM_WINDOWS, WINDOW = 90, 240, 60, 8
PATIENCE = 60.0
CLOCK = MonotonicClock()


def pictures() -> list[np.ndarray]:
    """A scene that moves to and fro, with the noise of a sensor."""
    rng = np.random.default_rng(0)
    height, width = SIZE.height, SIZE.width
    scene = cv2.GaussianBlur(rng.integers(0, 256, (height, 2 * width, 3), dtype=np.uint8), (0, 0), 4)
    scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)
    way = [4 * k for k in (*range(NUM_PICTURES // 2), *reversed(range(NUM_PICTURES // 2)))]
    noisy = (scene[:, x : x + width] + rng.normal(0, 2, (height, width, 3)) for x in way)
    return [np.clip(picture, 0, 255).astype(np.uint8) for picture in noisy]


class DrawnCamera:
    """A camera whose pictures were drawn before, so that it costs next to nothing."""

    spec, fps, serial, time_source = SIZE, float(FPS), "drawn", "arrival"

    def __init__(self, drawn: list[np.ndarray]) -> None:
        self._drawn, self._next, self._due = drawn, 0, 0.0

    def open(self) -> None:
        self._due = CLOCK.now()

    def close(self) -> None: ...

    def read(self, timeout: float) -> Frame:
        self._due += 1 / FPS
        CLOCK.sleep_until(self._due)
        number, self._next = self._next, self._next + 1
        return Frame(image=self._drawn[number % len(self._drawn)], time=CLOCK.now(), sequence=number)


def vector(size: int) -> VectorSpec:
    names = tuple(f"x{i}" for i in range(size))
    return VectorSpec(names=names, units=("1",) * size, low=(-np.inf,) * size, high=(np.inf,) * size)


def resident() -> float:
    """Memory of this process [MB]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def record(root: Path, minutes: float, drawn: list[np.ndarray]) -> Path:
    cameras = {f"camera{k}": SIZE for k in range(NUM_CAMERAS)}
    spec = RobotSpec(name="drawn", state=vector(14), action=vector(7), cameras=cameras, control_hz=LOOP_HZ)
    rig = CameraRig([CameraThread(name, DrawnCamera(drawn), CLOCK) for name in cameras])
    recorder = Recorder(root, joints=[f"joint{k}" for k in range(NUM_JOINTS)])
    rig.connect(PATIENCE)
    recorder.on_episode_start(EpisodeStart(spec=spec, task="reach", source="teleop"))
    rig.listen(recorder.on_frame)
    num_rows = round(60 * minutes * LOOP_HZ)
    handing, lateness, memory, fill = np.zeros(num_rows), np.zeros(num_rows), [], 0.0
    state, action, joints = np.zeros(14, np.float32), np.zeros(7, np.float32), np.zeros(NUM_JOINTS)
    begun, cpu, deadline = CLOCK.now(), time.process_time(), CLOCK.now()
    for k in range(num_rows):
        deadline += 1 / LOOP_HZ
        CLOCK.sleep_until(deadline)
        now = CLOCK.now()
        lateness[k] = now - deadline
        deadline = max(deadline, now - 1 / LOOP_HZ)
        newest = rig.latest(PATIENCE)
        state[0] = k
        recorder.on_joints(now, joints, joints, joints)
        observation = Observation(
            time=now,
            state=state,
            images={name: frame.image for name, frame in newest.items()},
            image_times={name: frame.time for name, frame in newest.items()},
        )
        recorder.on_step(Step(observation=observation, requested=action, sent=action))
        handing[k] = CLOCK.now() - now
        if k % round(LOOP_HZ) == 0:
            fill = max(fill, recorder.health().queue_fill)
            memory.append(resident())
    elapsed, cpu = CLOCK.now() - begun, time.process_time() - cpu
    rig.listen(None)
    outcome = EpisodeOutcome(
        success=None, episode_return=None, num_steps=num_rows, end="", achieved_hz=num_rows / elapsed
    )
    before = CLOCK.now()
    recorder.on_episode_end(outcome)
    commit = CLOCK.now() - before
    missed = sum(thread.statistics().num_dropped for thread in rig.threads.values())
    rig.end()
    (path,) = recorder.paths
    found = Episode(path).attributes.recording
    print(f"{NUM_CAMERAS} cameras of 640x480 at {FPS} Hz and rows at {LOOP_HZ:g} Hz for {elapsed:.0f} s on one core")
    print(f"  rows: {num_rows}, {num_rows / elapsed:.2f} Hz, dropped {found.num_dropped}")
    for name, camera in found.cameras.items():
        print(
            f"  {name}: {camera.length} frames, {camera.rate:.2f} Hz, dropped {camera.num_dropped}, longest gap "
            f"{1e3 * camera.longest_gap:.0f} ms, skew {1e3 * camera.skew_p50:.1f} / {1e3 * camera.skew_max:.1f} ms"
        )
    assert found.joints is not None
    print(f"  joints: {found.joints.length} samples, {found.joints.rate:.2f} Hz, dropped {found.joints.num_dropped}")
    print(f"  frames the cameras' own threads missed: {missed}")
    print(f"  step {figures(handing)} ms; late {figures(lateness)} ms; CPU {100 * cpu / elapsed:.0f} % of the core")
    thirds = np.array_split(np.array(memory), 3)
    print(
        f"  queue at most {100 * fill:.0f} % full; memory {memory[0]:.0f} MB at first, medians of its thirds "
        f"{', '.join(f'{np.median(each):.0f}' for each in thirds)} MB, at most {max(memory):.0f} MB"
    )
    print(f"  commit {1e3 * commit:.0f} ms; threads left {threading.active_count() - 1}")
    return path


def figures(seconds: np.ndarray) -> str:
    return " / ".join(f"{1e3 * each:.2f}" for each in (*np.percentile(seconds, [50, 99]), seconds.max()))


def psnr(frames: list[np.ndarray], truth: list[np.ndarray]) -> float:
    error = [((a.astype(np.float32) - b) ** 2).mean() for a, b in zip(frames, truth, strict=True)]
    return float(10 * np.log10(255**2 / np.mean(error)))


def film(path: Path, frames: list[np.ndarray], crf: int) -> float:
    """Write a video and return the time a frame took [ms]."""
    begun = time.process_time()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libsvtav1", FPS, options={"g": "2", "crf": str(crf), "preset": "12"})
        stream.width, stream.height, stream.pix_fmt = SIZE.width, SIZE.height, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return 1e3 * (time.process_time() - begun) / len(frames)


def read_film(path: Path, start: int, count: int) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        container.seek(round(start / FPS / stream.time_base), stream=stream)
        found: list[np.ndarray] = []
        for frame in container.decode(stream):
            assert frame.time is not None
            if round(frame.time * FPS) >= start:
                found.append(frame.to_ndarray(format="rgb24"))
            if len(found) == count:
                break
        return found


def windows(read: Callable[[int], Sequence[np.ndarray] | np.ndarray]) -> str:
    """Median time of a window at random [ms], of the CPU and of the wall."""
    taken: list[tuple[float, float]] = []
    for start in np.random.default_rng(1).integers(0, NUM_FILMED - WINDOW, NUM_WINDOWS).tolist():
        wall, cpu = time.perf_counter(), time.process_time()
        assert len(read(start)) == WINDOW
        taken.append((time.process_time() - cpu, time.perf_counter() - wall))
    return " / ".join(f"{1e3 * each:5.1f}" for each in np.median(taken, axis=0))


def jpegs(root: Path, frames: list[np.ndarray], level: int) -> tuple[Episode, float]:
    """An episode of one camera, and the time a frame took [ms]."""
    spec = RobotSpec(name="drawn", state=vector(1), action=vector(1), cameras={"camera0": SIZE}, control_hz=FPS)
    start = EpisodeStart(spec=spec, task="", source="", is_labeled=False)
    files = partial(EpisodeFiles, jpeg_level=level)
    begun = time.process_time()
    writer = EpisodeWriter(root, start, durable=False, wait_when_full=True, files=files)
    for k, frame in enumerate(frames):
        observation = Observation(
            time=k / FPS, state=np.zeros(1, np.float32), images={"camera0": frame}, image_times={"camera0": k / FPS}
        )
        writer.append(Step(observation=observation, requested=None, sent=None))
    path = writer.commit(EpisodeOutcome(success=None, episode_return=None, num_steps=0, end="", achieved_hz=FPS))
    return Episode(path), 1e3 * (time.process_time() - begun) / len(frames)


def nearest(wanted: float, low: int, high: int, quality: Callable[[int], float]) -> int:
    """The smallest setting whose quality, which rises with it, is at least as good; the largest where none is."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if quality(middle) >= wanted else (middle + 1, high)
    return low


def compare(root: Path, drawn: list[np.ndarray]) -> None:
    truth = [drawn[k % len(drawn)] for k in range(NUM_FILMED)]
    print("\nframes of one camera                     kB/frame  PSNR dB  encode ms  8-frame window ms, CPU / wall")

    def show_jpegs(level: int, what: str) -> float:
        episode, took = jpegs(root / "jpegs", truth, level)
        frames = episode.frames["camera0"]
        size = sum(file.stat().st_size for file in (episode.path / "images/camera0").iterdir()) / NUM_FILMED
        quality = psnr(list(frames[:]), truth)
        window = windows(lambda start: frames[start : start + WINDOW])
        print(f"  JPEG {level:2}, {what:<28} {size / 1e3:10.1f}  {quality:7.2f}  {took:9.2f}  {window}")
        return quality

    def show_film(crf: int, what: str) -> float:
        video = root / "film.mp4"
        took = film(video, truth, crf)
        quality = psnr(read_film(video, 0, NUM_FILMED), truth)
        window = windows(lambda start: read_film(video, start, WINDOW))
        size = video.stat().st_size / NUM_FILMED / 1e3
        print(f"  AV1 crf {crf:2}, {what:<25} {size:10.1f}  {quality:7.2f}  {took:9.2f}  {window}")
        return quality

    def film_quality(crf: int) -> float:
        film(root / "film.mp4", truth[:WINDOW], crf)
        return psnr(read_film(root / "film.mp4", 0, WINDOW), truth[:WINDOW])

    def jpeg_quality(level: int) -> float:
        decoded = np.empty((1, *SIZE.shape), np.uint8)
        error = []
        for picture in truth[:WINDOW]:
            frame_file.decode_frame(frame_file.encode_frame(picture, level), decoded[0])
            error.append(((decoded[0].astype(np.float32) - picture) ** 2).mean())
        return float(10 * np.log10(255**2 / np.mean(error)))

    stored = show_jpegs(schema.JPEG_LEVEL, "as stored")
    video = show_film(30, "as LeRobot makes it")
    show_jpegs(nearest(video, 1, 100, jpeg_quality), "with that video's PSNR")
    crf = 64 - nearest(stored, 1, 63, lambda setting: film_quality(64 - setting))
    show_film(crf, "nearest to the stored")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for the recording, which is deleted in the end")
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    drawn = pictures()
    root = Path(tempfile.mkdtemp(dir=options.out))
    try:
        path = record(root / "data", options.minutes, drawn)
        print(f"  {folders.num_bytes(path) / 1e6:.0f} MB")
        compare(root, drawn)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
