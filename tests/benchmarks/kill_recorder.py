"""What `kill -9` at random moments leaves of recordings.

    .venv/bin/python tests/benchmarks/kill_recorder.py [--num-kills 200] [--seed 0] [--paced 16] [--lerobot PYTHON]

A process records episodes of 96 rows at no particular rate, with frames between the rows, and says the name of each
when it is committed. It is killed after a random time, and everything it said to be finished has to be
there and whole; what it left unfinished is repaired, and has to hold the rows that it had flushed, each with the frame
it showed. One line tells the counts. With `--paced`, as many recorders of 10 Hz without cameras are killed after 5 to
30 seconds, and a line tells how many seconds of what they had taken are lost. Beside it, where an interpreter has
LeRobot, what its public interface leaves of episodes that it had saved.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from clam_robot.episodes import Episode, EpisodeDataset, repair
from clam_robot.episodes.folders import partial_episodes
from clam_robot.errors import NoEpisodes

NUM_ROWS = 96
PATIENCE = 60.0
# Row t of an episode holds t in its state and the number of its frame in its action.
RECORD = f"""
import itertools, sys
from pathlib import Path
import numpy as np
from clam_robot.episodes import EpisodeWriter
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

one = VectorSpec(names=("x",), units=("m",), low=(-1e9,), high=(1e9,))
cameras = {{"wrist": CameraSpec(height=120, width=160)}}
spec = RobotSpec(name="made", state=one, action=one, cameras=cameras, control_hz=10)
print("ready", flush=True)
for k in itertools.count():
    writer = EpisodeWriter(Path(sys.argv[1]), EpisodeStart(spec=spec, task=str(k), source="play"), wait_when_full=True)
    for t in range({NUM_ROWS}):
        for frame in (2 * t, 2 * t + 1):
            writer.append_frame("wrist", frame / 20, np.full((120, 160, 3), frame, np.uint8))
        value, image = np.full(1, t, np.float32), np.full((120, 160, 3), 2 * t + 1, np.uint8)
        observation = Observation(
            time=t / 10, state=value, images={{"wrist": image}}, image_times={{"wrist": (2 * t + 1) / 20}}
        )
        writer.append(Step(observation=observation, requested=value, sent=value))
    outcome = EpisodeOutcome(success=None, episode_return=None, num_steps={NUM_ROWS}, end="horizon", achieved_hz=10.0)
    print(writer.commit(outcome).name, flush=True)
"""

PACED = """
import itertools, sys, time
from pathlib import Path
import numpy as np
from clam_robot.episodes import EpisodeWriter
from clam_robot.specs import RobotSpec, VectorSpec
from clam_robot.types import EpisodeStart, Observation, Step

one = VectorSpec(names=("x",), units=("m",), low=(-1e9,), high=(1e9,))
spec = RobotSpec(name="made", state=one, action=one, cameras={}, control_hz=10)
writer = EpisodeWriter(Path(sys.argv[1]), EpisodeStart(spec=spec, task="", source="play"))
print("ready", flush=True)
for t in itertools.count():
    value = np.full(1, t, np.float32)
    observation = Observation(time=t / 10, state=value, images={}, image_times={})
    writer.append(Step(observation=observation, requested=value, sent=value))
    print(t, flush=True)
    time.sleep(0.1)
"""
PACED_HZ = 10.0


def announced_until_killed(command: list[str], seconds: float, env: dict[str, str] | None = None) -> list[str]:
    """The names that a recorder said to be finished before it was killed, so long after it was ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", f"{command[:2]} did not start"
    time.sleep(seconds)
    process.kill()
    announced = process.stdout.read().split()
    process.wait(PATIENCE)
    return announced


def kill_once(root: Path, chance: random.Random) -> dict[str, int]:
    """Record, kill, look and repair; counts of what was found."""
    announced = announced_until_killed([sys.executable, "-c", RECORD, str(root)], chance.uniform(0.0, 1.5))
    found: dict[str, int] = dict.fromkeys(
        ("finished", "lost", "damaged", "unfinished", "repaired", "empty", "rows", "shifted"), 0
    )
    names = EpisodeDataset(root).names if announced else ()
    found["finished"] = len(announced)
    found["lost"] = len(set(announced) - set(names))
    for name in names:
        episode = Episode(root / name)
        found["damaged"] += not is_whole(episode) or episode.length != NUM_ROWS
    for name in partial_episodes(root):
        found["unfinished"] += 1
        try:
            done = repair(root / name)
        except NoEpisodes:
            found["empty"] += 1
            continue
        assert done is not None
        found["repaired"] += 1
        found["rows"] += done.num_rows
        found["shifted"] += not is_whole(Episode(done.path)) or bool(done.losses)
    return found


def seconds_lost(root: Path, seconds: float) -> float:
    """What a kill after `seconds` costs an episode without cameras [s]."""
    taken = announced_until_killed([sys.executable, "-c", PACED, str(root)], seconds)
    (name,) = partial_episodes(root)
    try:
        done = repair(root / name)
    except NoEpisodes:
        return len(taken) / PACED_HZ
    assert done is not None
    episode = Episode(done.path)
    episode.check()
    assert (episode.state[:, 0] == np.arange(episode.length)).all()
    return max(len(taken) - done.num_rows, 0) / PACED_HZ


def tell_paced(num_kills: int, chance: random.Random) -> None:
    """Eight at a time, as they mostly sleep."""
    with tempfile.TemporaryDirectory() as root, ThreadPoolExecutor(8) as executor:
        folders = [Path(root) / str(number) for number in range(num_kills)]
        lost = list(executor.map(seconds_lost, folders, [chance.uniform(5.0, 30.0) for _ in folders]))
    print(
        f"{num_kills} kills at {PACED_HZ:g} Hz without cameras: "
        f"{np.mean(lost):.2f} s lost on the average, {max(lost):.1f} s at most"
    )


def is_whole(episode: Episode) -> bool:
    """Whether everything can be read, no row is missing before the last, and each shows its own frame."""
    episode.check()
    rows = np.arange(episode.length)
    shades = episode.images["wrist"][:].mean(axis=(1, 2, 3))
    return (
        bool((episode.state[:, 0] == rows).all())
        and bool((episode.frame_index["wrist"] == 2 * rows + 1).all())
        and bool(np.abs(shades - (2 * rows + 1)).max(initial=0) <= 1)
    )


def kill_lerobot(interpreter: str, root: Path, chance: random.Random) -> tuple[int, int, str | None]:
    """Episodes said to be saved, of them readable afterwards, and the reader's error."""
    script = str(Path(__file__).with_name("lerobot_killed.py"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"HF_HUB_OFFLINE": "1"}
    # An episode takes it seconds: as many are saved on the average as by the recorder beside it.
    announced = announced_until_killed([interpreter, script, "record", str(root)], chance.uniform(0, 20), environment)
    read = subprocess.run([interpreter, script, "read", str(root)], env=environment, capture_output=True, text=True)
    found = json.loads(read.stdout.splitlines()[-1])
    return len(announced), min(len(announced), found["episodes"]), found["error"]


def tell_lerobot(interpreter: str, num_kills: int, chance: random.Random) -> None:
    saved, kept, errors = 0, 0, dict[str | None, int]()
    for _ in range(num_kills):
        with tempfile.TemporaryDirectory() as root:
            finished, readable, error = kill_lerobot(interpreter, Path(root) / "dataset", chance)
        saved, kept = saved + finished, kept + readable
        errors[error] = errors.get(error, 0) + 1
    print(f"LeRobot, {num_kills} kills: {saved} saved episodes, {saved - kept} of them cannot be read")
    for error, count in errors.items():
        print(f"  {count} times: {error or 'read without an error'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--paced", type=int, default=16, help="kills without cameras")
    parser.add_argument("--lerobot", help="an interpreter that has LeRobot")
    parser.add_argument("--lerobot-kills", type=int, default=20)
    options = parser.parse_args()
    chance, total = random.Random(options.seed), dict[str, int]()
    if options.paced:
        tell_paced(options.paced, chance)
    for _ in range(options.num_kills):
        with tempfile.TemporaryDirectory() as root:
            for name, count in kill_once(Path(root), chance).items():
                total[name] = total.get(name, 0) + count
    if not total:
        return
    print(
        f"{options.num_kills} kills: {total['finished']} finished episodes, {total['lost']} of them lost, "
        f"{total['damaged']} damaged; {total['unfinished']} unfinished, {total['repaired']} repaired to their last "
        f"flush ({total['rows']} rows, {total['shifted']} of them with a fault), {total['empty']} before the first"
    )
    if options.lerobot:
        tell_lerobot(options.lerobot, options.lerobot_kills, chance)
    if total["lost"] or total["damaged"] or total["shifted"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
