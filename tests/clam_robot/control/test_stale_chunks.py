"""However late answers come: no action is sent that was due at another time or comes from a refused chunk."""

import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle
from typing import NamedTuple

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_robot.control.background_policy import BackgroundPolicy
from clam_robot.control.latest_only import LatestOnly
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.control.merge_rule import MergeRule
from clam_robot.control.prefix_freezing import PrefixFreezing
from clam_robot.control.temporal_ensembling import TemporalEnsembling
from clam_robot.control.weighted_average import WeightedAverage
from clam_robot.specs import RobotSpec
from clam_robot.testing.fakes import FakePolicy, FakeRobot, fake_spec
from clam_robot.timing import Clock, ManualClock, MonotonicClock
from clam_robot.types import ActionChunk, EpisodeStart, Observation

UNIT = 1000.0  # actions within the robot's bounds of 1 carry three numbers, in thousandths
EARLY = 1e-3


class Sent(NamedTuple):
    """An action, and the last time the loop had read before it went out."""

    action: np.ndarray
    time: float

    @property
    def episode(self) -> int:
        return round(float(self.action[0]) * UNIT)

    @property
    def question(self) -> int:
        return round(float(self.action[1]) * UNIT)

    @property
    def row(self) -> int:
        return round(float(self.action[2]) * UNIT)


class ReadClock:
    """Remembers the last time anyone read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.read = 0.0

    def now(self) -> float:
        self.read = self._clock.now()
        return self.read

    def sleep_until(self, deadline: float) -> None:
        self._clock.sleep_until(deadline)


class WatchedRobot(FakeRobot):
    """Notes what it is sent and when the loop had read the time for it."""

    def __init__(self, clock: ReadClock, spec: RobotSpec, *, horizon: int) -> None:
        super().__init__(clock, spec, horizon=horizon)
        self._read_clock = clock
        self.episodes: list[list[Sent]] = []

    def reset(self, seed: int | None = None) -> None:
        super().reset(seed)
        self.episodes.append([])

    def send_action(self, action: np.ndarray) -> np.ndarray:
        self.episodes[-1].append(Sent(action.copy(), self._read_clock.read))
        return super().send_action(action)


def labelled(observation: Observation, *, episode: int, question: int, num_rows: int, dt: float) -> ActionChunk:
    actions = np.empty((num_rows, 3), np.float32)
    actions[:, 0], actions[:, 1], actions[:, 2] = episode / UNIT, question / UNIT, np.arange(num_rows) / UNIT
    return ActionChunk(actions=actions, observation_time=observation.time, dt=dt)


class Disorderly:
    """Each answer comes after a delay of its own, out of order, and a reset stops none of them."""

    def __init__(self, clock: ManualClock, delays: Iterator[float], shapes: Iterator[tuple[int, float]]) -> None:
        self.spec = fake_spec()
        self._clock = clock
        self._delays = delays
        self._shapes = shapes
        self._episode = -1
        self._question = 0
        self._coming: list[tuple[float, ActionChunk]] = []
        self.given: list[tuple[float, int, ActionChunk]] = []

    def reset(self) -> None:
        self._episode += 1

    def submit(self, observation: Observation) -> None:
        num_rows, dt = next(self._shapes)
        chunk = labelled(observation, episode=self._episode, question=self._question, num_rows=num_rows, dt=dt)
        self._coming.append((self._clock.now() + next(self._delays), chunk))
        self._question += 1

    def poll(self) -> ActionChunk | None:
        ready = [entry for entry in self._coming if entry[0] <= self._clock.now()]
        if not ready:
            return None
        first = min(ready, key=lambda entry: entry[0])
        self._coming.remove(first)
        self.given.append((self._clock.now(), self._episode, first[1]))
        return first[1]

    def close(self) -> None: ...


def accepted_by(policy: Disorderly, episode: int, time: float) -> list[ActionChunk]:
    """What the loop may use at `time` of this episode, oldest observation first."""
    accepted: list[ActionChunk] = []
    for given_at, given_in, chunk in policy.given:
        is_ours = given_in == episode and round(float(chunk.actions[0, 0]) * UNIT) == episode
        is_newest = not accepted or chunk.observation_time > accepted[-1].observation_time
        is_in_time = given_at < chunk.end_time - EARLY * chunk.dt
        if given_at <= time and is_ours and is_newest and is_in_time:
            accepted.append(chunk)
    return accepted


def row_of(chunk: ActionChunk, time: float) -> int:
    return int((time - chunk.observation_time) / chunk.dt + EARLY)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    delays=st.lists(st.floats(0.0, 2.0), min_size=1, max_size=20),
    shapes=st.lists(st.tuples(st.integers(3, 30), st.sampled_from([0.05, 0.1, 0.17])), min_size=1, max_size=5),
    rule=st.sampled_from([LatestOnly(), WeightedAverage(), TemporalEnsembling(), PrefixFreezing()]),
    replan_every=st.sampled_from([None, 1, 3]),
)
def test_on_a_manual_clock_with_answers_out_of_order_and_of_other_episodes(
    delays: list[float], shapes: list[tuple[int, float]], rule: MergeRule, replan_every: int | None
) -> None:
    clock = ManualClock(start=100.0)
    read = ReadClock(clock)
    robot = WatchedRobot(read, fake_spec(), horizon=30)
    robot.connect()
    policy = Disorderly(clock, cycle(delays), cycle(shapes))
    config = LoopConfig(max_held=1000, merge=rule, replan_every=replan_every)  # type: ignore[arg-type]
    loop = ControlLoop(robot, policy, clock=read, config=config)
    start = EpisodeStart(spec=robot.spec, task="", source="test", seed=0)
    outcomes = [loop.run_episode(start) for _ in range(3)]
    for episode, sent in enumerate(robot.episodes):
        for action in sent:
            accepted = accepted_by(policy, episode, action.time)
            due = np.array([row for chunk in accepted if (row := chunk.action_at(action.time)) is not None])
            assert len(due), "sent, with nothing due in an accepted chunk"
            if isinstance(rule, LatestOnly):
                np.testing.assert_array_equal(action.action, accepted[-1].actions[row_of(accepted[-1], action.time)])
            assert (due.min(axis=0) - 1e-6 <= action.action).all()
            assert (action.action <= due.max(axis=0) + 1e-6).all()
        num_given = sum(given_in == episode for _, given_in, _ in policy.given)
        num_accepted = len(accepted_by(policy, episode, np.inf))
        assert outcomes[episode].num_refused == num_given - num_accepted
        assert outcomes[episode].num_held == outcomes[episode].num_steps - len(sent)


class Unsteady(FakePolicy):
    """Answers mostly soon, now and then after up to 2 s, and always late at the end of an episode."""

    NUM_ROWS = 15

    def __init__(self, spec: RobotSpec, episode_s: float) -> None:
        super().__init__(spec)
        self._rng = np.random.default_rng(0)
        self._episode_s = episode_s
        self._begin: float | None = None
        self._episode = -1
        self._question = 0
        self._never = threading.Event()
        self.asked: dict[int, float] = {}

    def reset(self) -> None:
        self._begin = None
        self._episode += 1

    def infer(self, observation: Observation) -> ActionChunk:
        self._begin = observation.time if self._begin is None else self._begin
        is_ending = observation.time - self._begin > self._episode_s - 0.6
        is_slow = self._rng.random() < 0.15
        self._never.wait(1.0 if is_ending else self._rng.uniform(0.4, 2.0) if is_slow else self._rng.uniform(0.0, 0.05))
        self._question += 1
        self.asked[self._question] = observation.time
        return labelled(
            observation,
            episode=self._episode,
            question=self._question,
            num_rows=self.NUM_ROWS,
            dt=1.0 / self.spec.control_hz,
        )


def test_on_the_real_clock_with_the_thread_and_answers_that_cross_the_end_of_an_episode() -> None:
    spec, num_steps = fake_spec(control_hz=50.0), 150
    read = ReadClock(MonotonicClock())
    robot = WatchedRobot(read, spec, horizon=num_steps)
    robot.connect()
    slow = Unsteady(spec, episode_s=num_steps / spec.control_hz)
    with closing(BackgroundPolicy(slow, MonotonicClock())) as policy:
        loop = ControlLoop(robot, policy, clock=read, config=LoopConfig(max_held=num_steps))
        start = EpisodeStart(spec=spec, task="", source="test", seed=0)
        outcomes = [loop.run_episode(start) for _ in range(2)]
    for episode, sent in enumerate(robot.episodes):
        assert sent, "nothing was ever in time"
        assert [action.episode for action in sent] == [episode] * len(sent)
        questions = [action.question for action in sent]
        assert questions == sorted(questions)
        for action in sent:
            due = (action.time - slow.asked[action.question]) * spec.control_hz + EARLY
            assert action.row == int(due) < Unsteady.NUM_ROWS
        assert outcomes[episode].num_steps == num_steps
        assert outcomes[episode].num_held == num_steps - len(sent)
    assert sum(outcome.num_refused for outcome in outcomes) > 0
    assert sum(outcome.num_skipped for outcome in outcomes) > 0
