"""Records episodes of a scripted source in simulation, on one core or several."""

import gc
import math
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Literal

from clam_robot import config
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.recorder import Recorder
from clam_robot.errors import ConfigError, EpisodeError
from clam_robot.processes import worker_pool
from clam_robot.timing import Clock, ManualClock
from clam_robot.types import EpisodeOutcome, EpisodeStart
from sim.base import SimulatedRobot
from sim.registry import make_robot
from sim.sources import Source, make_source

# First scene seed of each source, so that play, demonstrations and evaluation never share a scene.
FIRST_SEED: dict[str, int] = {"expert": 0, "play": 1_000_000, "evaluation": 2_000_000}
_SCENES_PER_SEED = 10_000
_NUM_SEEDS = 100
# So many episodes in a row that nobody wants are no chance.
MAX_DISCARDED = 200


@dataclass(frozen=True, kw_only=True)
class CollectConfig(config.Strict):
    """What to record.

    Attributes:
        robot: name of a simulated robot, "metaworld:assembly".
        source: "expert" keeps episodes that solve the task, "play" those that do not. On DeepMind Control, where
            returns decide, "expert" keeps those near the best policy's return and "play" those well below it.
        noise: standard deviation of the expert's action noise, in action units.
        seed: of noise and play, below 100; scenes are numbered on from seed x 10,000.
        is_labeled: store actions; without, the episodes are observations only.
        cameras: cameras to record.
        image_height: of every camera [pixel].
        image_width: of every camera [pixel].
        gripper: how the gripper is commanded.
        horizon: control periods per episode; None for the suite's own.
        steps_after_success: control periods an expert goes on after it has solved the task.
        keep_all: keep every episode, whatever its outcome.
    """

    robot: str = "metaworld:assembly"
    source: Source = "play"
    noise: float = 0.1
    seed: int = 0
    is_labeled: bool = True
    cameras: tuple[str, ...] = ()
    image_height: int = 224
    image_width: int = 224
    gripper: Literal["binary", "continuous"] = "binary"
    horizon: int | None = None
    steps_after_success: int = 8
    keep_all: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.noise < math.inf:
            raise ConfigError(f"noise: expected a number from 0 on, found {self.noise}")
        if not 0 <= self.seed < _NUM_SEEDS:  # or scenes would be those of another source, or of the evaluation
            raise ConfigError(f"seed: expected 0 to {_NUM_SEEDS - 1}, found {self.seed}")

    @property
    def first_seed(self) -> int:
        """Seed of the first scene."""
        return FIRST_SEED[self.source] + _SCENES_PER_SEED * self.seed


def robot_of(config: CollectConfig, clock: Clock) -> SimulatedRobot:
    """The robot to record, not yet connected.

    Raises:
        UnknownRobot: no such robot, task or camera.
    """
    return make_robot(
        config.robot,
        clock,
        cameras=config.cameras,
        image_size=(config.image_height, config.image_width),
        gripper=config.gripper,
        horizon=config.horizon,
    )


class Collector:
    """A connected robot, its source of actions and a recorder, ready to record one scene after another."""

    def __init__(self, config: CollectConfig, root: Path) -> None:
        clock = ManualClock()
        self._config = config
        self._robot = robot_of(config, clock)
        self._robot.connect()
        self._acting = make_source(config.source, self._robot, noise=config.noise, seed=config.seed)
        self._recorder = Recorder(
            root,
            keep=self._is_kept,
            wait_when_full=True,
            durable=False,  # a scene lost to a power cut is recorded again from its seed
        )
        self._loop = ControlLoop(
            self._robot,
            self._acting.policy,
            clock=clock,
            subscribers=[self._recorder],
            config=LoopConfig(stop_after_success=config.steps_after_success if config.source == "expert" else None),
        )

    def collect(self, scene: int) -> bool:
        """Record the scene of this seed; whether the episode was kept."""
        start = EpisodeStart(
            spec=self._robot.spec,
            task=self._robot.task,
            source=self._config.source,
            seed=scene,
            is_labeled=self._config.is_labeled,
        )
        num_kept = self._recorder.num_kept
        self._loop.run_episode(start)
        return self._recorder.num_kept > num_kept

    def close(self) -> None:
        """Disconnect; an unfinished episode is discarded."""
        self._recorder.close()
        self._robot.disconnect()

    def _is_kept(self, outcome: EpisodeOutcome) -> bool:
        if outcome.end not in {"success", "horizon"}:
            return False
        return self._config.keep_all or self._acting.is_wanted(outcome)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Progress of a collection.

    Attributes:
        num_kept: episodes stored by this call.
        num_discarded: episodes whose outcome was not wanted.
    """

    num_kept: int
    num_discarded: int


def collect(
    config: CollectConfig,
    root: Path,
    num_episodes: int,
    *,
    first_scene: int | None = None,
    workers: int = 1,
    on_progress: Callable[[Collected], None] = lambda collected: None,
) -> Collected:
    """Record scene after scene until `num_episodes` are kept.

    Which scenes are kept does not depend on the number of workers. When interrupted, episodes in flight are finished
    by workers and discarded in a single process; those already kept stay.

    Args:
        config: what to record.
        root: folder of the data set.
        num_episodes: to keep, beside those the folder already holds.
        first_scene: seed to begin with; the configuration's own by default.
        workers: processes.
        on_progress: told after every episode.

    Raises:
        UnknownRobot: no such robot, task or camera.
        EpisodeError: the folder cannot be written, or no episode is what is wanted.
    """
    scene = config.first_seed if first_scene is None else first_scene
    num_kept = num_discarded = discarded_in_a_row = 0
    with _Pool(config, root, workers) as pool:
        while num_kept < num_episodes:
            while pool.num_in_flight < min(2 * workers, num_episodes - num_kept):
                pool.submit(scene)
                scene += 1
            for is_kept in pool.results():
                num_kept += is_kept
                num_discarded += not is_kept
                discarded_in_a_row = 0 if is_kept else discarded_in_a_row + 1
                on_progress(Collected(num_kept=num_kept, num_discarded=num_discarded))
            if discarded_in_a_row >= MAX_DISCARDED:
                raise EpisodeError(_nothing_kept(config))
    return Collected(num_kept=num_kept, num_discarded=num_discarded)


def complete(
    config: CollectConfig,
    root: Path,
    num_episodes: int,
    *,
    workers: int = 1,
    on_progress: Callable[[Collected], None] = lambda collected: None,
) -> int:
    """Record what a folder lacks of `num_episodes`, from the scene after its last; returns how many those were.

    Args:
        config: what to record; all that the folder holds was recorded so.
        root: folder of the data set.
        num_episodes: that it shall hold.
        workers: see `collect`, as the other argument and what is raised.

    Raises:
        FolderInUse: another program records into it.
    """
    with folder_lock(root, f"clam, which records {config.source} on {config.robot}"):
        there = EpisodeIndex(root).entries()[0].values()
        missing = max(0, num_episodes - len(there))
        last = max((entry.seed for entry in there if entry.seed is not None), default=None)
        if missing:
            first = None if last is None else last + 1
            collect(config, root, missing, first_scene=first, workers=workers, on_progress=on_progress)
    return missing


def _nothing_kept(config: CollectConfig) -> str:
    outcome, remedy = "left unsolved", "change --seed"
    if config.source == "expert":
        outcome, remedy = "solved", "lower --noise or raise --horizon"
    return (
        f"expected {config.robot} to be {outcome}, found {MAX_DISCARDED} episodes in a row that were not; "
        f"{remedy}, or keep every episode with --keep-all"
    )


class _Pool:
    """Runs scenes in this process or in several, behind one face."""

    def __init__(self, config: CollectConfig, root: Path, workers: int) -> None:
        self._collector = Collector(config, root) if workers == 1 else None
        self._stack = ExitStack()
        self._executor: ProcessPoolExecutor | None = None
        if workers > 1:
            Collector(config, root).close()  # a wrong name is an error here, not a broken pool
            pool = worker_pool(workers, initializer=_start_worker, initargs=(config, root))
            self._executor = self._stack.enter_context(pool)
        self._scenes: list[int] = []
        self._futures: set[Future[bool]] = set()

    @property
    def num_in_flight(self) -> int:
        return len(self._scenes) + len(self._futures)

    def submit(self, scene: int) -> None:
        if self._executor is not None:
            self._futures.add(self._executor.submit(_collect_in_worker, scene))
        else:
            self._scenes.append(scene)

    def results(self) -> Iterator[bool]:
        if self._collector is not None:
            yield self._collector.collect(self._scenes.pop(0))
            return
        done, self._futures = wait(self._futures, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()

    def __enter__(self) -> "_Pool":
        return self

    def __exit__(self, *error: object) -> None:
        if self._collector is not None:
            self._collector.close()
        self._stack.close()


_worker: Collector | None = None


def _start_worker(config: CollectConfig, root: Path) -> None:
    global _worker
    _worker = Collector(config, root)
    Finalize(None, _end_worker, exitpriority=10)


def _end_worker() -> None:
    """Let go of the robot before the interpreter does: native libraries complain of what lives longer than they."""
    global _worker
    if _worker is not None:
        _worker.close()
    _worker = None
    gc.collect()


def _collect_in_worker(scene: int) -> bool:
    assert _worker is not None
    return _worker.collect(scene)
