"""Contract suites: inherit one, give a factory, and the whole contract of a protocol is tested.

class TestMyRobot(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return MyRobot(clock=clock)
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest

from clam_robot.errors import InvalidVector, NotConnected
from clam_robot.interfaces import AsyncPolicy, Policy, Robot, TaskRobot
from clam_robot.specs import RobotSpec
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, Observation

NUM_STEPS = 10
# Far beyond any stall of a busy machine; reached only by a test that fails.
PATIENCE = 60.0


class RobotContract(ABC):
    """What every robot keeps, as tests."""

    @abstractmethod
    def make_robot(self, clock: ManualClock) -> Robot:
        """A new robot, not yet connected."""

    def _trajectory(self, seed: int, action_seed: int = 0) -> np.ndarray:
        clock = ManualClock()
        robot = self.make_robot(clock)
        robot.connect()
        robot.reset(seed)
        rng = np.random.default_rng(action_seed)
        states = [robot.get_observation().state]
        for _ in range(NUM_STEPS):
            robot.send_action(_legal_action(robot.spec, rng))
            clock.advance(1.0 / robot.spec.control_hz)
            states.append(robot.get_observation().state)
        robot.disconnect()
        return np.stack(states)

    def test_spec_is_known_before_connecting_and_survives_json(self) -> None:
        spec = self.make_robot(ManualClock()).spec
        assert RobotSpec.from_dict(spec.to_dict(), source="round trip") == spec

    def test_it_is_a_robot(self) -> None:
        assert isinstance(self.make_robot(ManualClock()), Robot)

    def test_use_before_connect_and_after_disconnect_is_refused(self) -> None:
        robot = self.make_robot(ManualClock())
        with pytest.raises(NotConnected):
            robot.reset(0)
        with pytest.raises(NotConnected):
            robot.get_observation()
        robot.connect()
        robot.reset(0)
        robot.disconnect()
        with pytest.raises(NotConnected):
            robot.send_action(_legal_action(robot.spec, np.random.default_rng(0)))
        with pytest.raises(NotConnected):
            robot.hold()

    def test_connect_and_disconnect_may_be_called_twice(self) -> None:
        robot = self.make_robot(ManualClock())
        robot.connect()
        robot.connect()
        robot.reset(0)
        robot.get_observation()
        robot.disconnect()
        robot.disconnect()

    def test_observation_fits_the_spec_and_carries_the_clock(self) -> None:
        clock = ManualClock(start=12.5)
        robot = self.make_robot(clock)
        robot.connect()
        robot.reset(0)
        observation = robot.get_observation()
        observation.validate(robot.spec)
        assert observation.time == pytest.approx(12.5)
        assert observation.state.dtype == np.float32
        assert set(observation.image_times) == set(observation.images) == set(robot.spec.cameras)
        robot.disconnect()

    def test_observations_are_fresh_arrays(self) -> None:
        robot = self.make_robot(ManualClock())
        robot.connect()
        robot.reset(0)
        first = robot.get_observation()
        kept = first.state.copy()
        for _ in range(3):
            robot.send_action(robot.spec.action.high_array.copy())
        np.testing.assert_array_equal(first.state, kept)
        robot.disconnect()

    def test_same_seed_same_trajectory_other_seed_another(self) -> None:
        np.testing.assert_array_equal(self._trajectory(seed=3), self._trajectory(seed=3))
        assert not np.array_equal(self._trajectory(seed=3)[0], self._trajectory(seed=4)[0])

    def test_actions_move_the_robot(self) -> None:
        assert not np.array_equal(self._trajectory(seed=3, action_seed=0), self._trajectory(seed=3, action_seed=1))

    def test_send_action_returns_what_was_executed_within_bounds(self) -> None:
        robot = self.make_robot(ManualClock())
        robot.connect()
        robot.reset(0)
        sent = robot.send_action(robot.spec.action.high_array + np.float32(10.0))
        robot.spec.action.validate(sent)
        assert sent.dtype == np.float32
        robot.disconnect()

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_non_finite_actions_are_refused_and_move_nothing(self, value: float) -> None:
        robot = self.make_robot(ManualClock())
        robot.connect()
        robot.reset(0)
        before = robot.get_observation().state
        action = np.zeros(len(robot.spec.action), np.float32)
        action[-1] = value
        with pytest.raises(InvalidVector):
            robot.send_action(action)
        np.testing.assert_array_equal(robot.get_observation().state, before)
        robot.disconnect()

    def test_wrong_action_shape_is_refused(self) -> None:
        robot = self.make_robot(ManualClock())
        robot.connect()
        robot.reset(0)
        with pytest.raises(InvalidVector):
            robot.send_action(np.zeros(len(robot.spec.action) + 1, np.float32))
        robot.disconnect()

    def test_holding_keeps_the_robot_usable(self) -> None:
        robot = self.make_robot(ManualClock())
        robot.connect()
        robot.reset(0)
        for _ in range(3):
            robot.hold()
        robot.get_observation().validate(robot.spec)
        robot.disconnect()

    def test_task_status_counts_steps_and_begins_anew(self) -> None:
        robot = self.make_robot(ManualClock())
        if not isinstance(robot, TaskRobot):
            pytest.skip("this robot does not judge its task")
        robot.connect()
        robot.reset(0)
        assert robot.task_status().num_steps == 0
        robot.send_action(_legal_action(robot.spec, np.random.default_rng(0)))
        robot.hold()
        assert robot.task_status().num_steps == 2
        robot.reset(1)
        assert robot.task_status().num_steps == 0
        assert robot.task_status().episode_return == 0.0
        robot.disconnect()


class PolicyContract(ABC):
    """What every policy keeps, as tests."""

    @abstractmethod
    def make_policy(self) -> Policy:
        """A new policy."""

    def test_it_is_a_policy(self) -> None:
        assert isinstance(self.make_policy(), Policy)

    def test_chunk_answers_the_observation_in_the_spec_of_the_robot(self) -> None:
        policy = self.make_policy()
        policy.reset()
        observation = _observation(policy.spec, time=7.25)
        chunk = policy.infer(observation)
        assert chunk.observation_time == pytest.approx(7.25)
        assert chunk.actions.shape[1] == len(policy.spec.action)
        assert chunk.actions.dtype == np.float32
        assert np.isfinite(chunk.actions).all()
        assert chunk.dt > 0
        if chunk.latent_actions is not None:
            assert len(chunk.latent_actions) == len(chunk.actions)

    def test_reset_forgets_the_episode(self) -> None:
        policy = self.make_policy()
        policy.reset()
        first = [policy.infer(_observation(policy.spec, time=k * 0.1, seed=k)).actions for k in range(4)]
        policy.reset()
        again = [policy.infer(_observation(policy.spec, time=k * 0.1, seed=k)).actions for k in range(4)]
        np.testing.assert_allclose(first, again, rtol=1e-5, atol=1e-6)

    def test_it_does_not_touch_the_observation(self) -> None:
        policy = self.make_policy()
        policy.reset()
        observation = _observation(policy.spec, time=0.0)
        kept = observation.state.copy()
        policy.infer(observation)
        np.testing.assert_array_equal(observation.state, kept)


class AsyncPolicyContract(ABC):
    """What every policy keeps that nobody waits for, as tests."""

    @abstractmethod
    def make_policy(self) -> AsyncPolicy:
        """A new policy that answers; whoever asked for it closes it."""

    def let_time_pass(self) -> None:
        """Give it a moment to answer; for a policy on a manual clock, move that."""
        time.sleep(0.001)

    @contextmanager
    def _policy(self) -> Iterator[AsyncPolicy]:
        with closing(self.make_policy()) as policy:
            policy.reset()
            yield policy

    def _answer(self, policy: AsyncPolicy) -> ActionChunk:
        deadline = time.monotonic() + PATIENCE
        while (answer := policy.poll()) is None:
            assert time.monotonic() < deadline, f"no answer within {PATIENCE} s"
            self.let_time_pass()
        return answer

    def _answer_to(self, policy: AsyncPolicy, wanted: float) -> list[float]:
        """Times of the observations that are answered until this one is."""
        times = [self._answer(policy).observation_time]
        while times[-1] != wanted:
            times.append(self._answer(policy).observation_time)
        return times

    def test_it_is_an_async_policy(self) -> None:
        with self._policy() as policy:
            assert isinstance(policy, AsyncPolicy)
            assert not isinstance(policy, Policy)

    def test_nobody_asked_nothing_comes(self) -> None:
        with self._policy() as policy:
            assert policy.poll() is None

    def test_the_answer_to_an_observation_comes_once_and_fits_the_robot(self) -> None:
        with self._policy() as policy:
            policy.submit(_observation(policy.spec, time=7.25))
            answer = self._answer(policy)
            assert answer.observation_time == 7.25
            assert answer.actions.shape[1] == len(policy.spec.action)
            assert answer.actions.dtype == np.float32
            assert np.isfinite(answer.actions).all()
            assert answer.dt > 0
            assert policy.poll() is None

    def test_the_newest_of_many_observations_is_answered_and_none_out_of_order(self) -> None:
        with self._policy() as policy:
            times = [float(k) for k in range(20)]
            for k in times:
                policy.submit(_observation(policy.spec, time=k))
            answered = self._answer_to(policy, times[-1])
            assert set(answered) <= set(times)
            assert answered == sorted(set(answered))
            self.let_time_pass()
            assert policy.poll() is None

    def test_after_a_reset_nothing_of_the_episode_before_comes(self) -> None:
        with self._policy() as policy:
            for episode in range(10):
                policy.submit(_observation(policy.spec, time=10.0 * episode))
                policy.submit(_observation(policy.spec, time=10.0 * episode + 1))
                policy.reset()
                policy.submit(_observation(policy.spec, time=10.0 * episode + 2))
                assert self._answer_to(policy, 10.0 * episode + 2) == [10.0 * episode + 2]

    def test_an_answer_that_is_ready_does_not_survive_a_reset(self) -> None:
        with self._policy() as policy:
            policy.submit(_observation(policy.spec, time=1.0))
            for _ in range(20):
                self.let_time_pass()
            policy.reset()
            assert policy.poll() is None

    def test_it_does_not_touch_the_observation(self) -> None:
        with self._policy() as policy:
            observation = _observation(policy.spec, time=0.0)
            kept = observation.state.copy()
            policy.submit(observation)
            self._answer(policy)
            np.testing.assert_array_equal(observation.state, kept)

    def test_it_may_be_closed_in_mid_inference_and_twice(self) -> None:
        with self._policy() as policy:
            policy.submit(_observation(policy.spec, time=0.0))
            policy.close()


def _legal_action(spec: RobotSpec, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(spec.action.low_array, spec.action.high_array).astype(np.float32)


def _observation(spec: RobotSpec, time: float, seed: int = 0) -> Observation:
    rng = np.random.default_rng(seed)
    low = np.maximum(spec.state.low_array, -1.0)
    high = np.maximum(np.minimum(spec.state.high_array, 1.0), low)
    images = {name: rng.integers(0, 256, camera.shape, dtype=np.uint8) for name, camera in spec.cameras.items()}
    return Observation(
        time=time,
        state=rng.uniform(low, high).astype(np.float32),
        images=images,
        image_times=dict.fromkeys(images, time),
    )
