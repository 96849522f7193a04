"""How inference beside the loop and its merging rules compare with waiting for each answer.

    .venv/bin/python tests/benchmarks/chunk_merging.py [--task pick-place] [--delays 0 0.1 0.3]

MetaWorld's scripted expert answers with chunks: it acts on a copy of the scene from the moment of the observation on,
and each answer is off by an offset of its own, as the answers of a learned policy disagree. It is slowed down, by
default to 20 cm/s: at its full 80 cm/s a correction is over before an answer that takes 300 ms is there. Answers take
as long as is said; time is the simulator's, so nothing depends on the machine. While the loop waits for its policy the
arm rests. "change" is the mean squared difference of successive actions that were sent, "with rests" that of what the
arm was told in every period, a rest being no motion; both without the gripper, in the suite's action units.
"""

import argparse
import zlib

import mujoco
import numpy as np

from clam_robot.control.latest_only import LatestOnly
from clam_robot.control.merge_rule import MergeChoice
from clam_robot.control.prefix_freezing import PrefixFreezing
from clam_robot.control.temporal_ensembling import TemporalEnsembling
from clam_robot.control.weighted_average import WeightedAverage
from clam_robot.interfaces import AsyncPolicy, Policy
from clam_robot.testing.delayed_policy import DelayedPolicy
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, EpisodeOutcome, Observation, TaskStatus
from sim.experts import ScriptedExpert
from sim.metaworld_robot import MetaWorldConfig, MetaWorldRobot
from sim.metaworld_world import MetaWorldWorld
from sim.rollouts import run_rollouts

MOTION = slice(0, 3)
PHYSICS = mujoco.mjtState.mjSTATE_INTEGRATION


class RememberedRobot(MetaWorldRobot):
    """Keeps the whole state of the scene at each observation, and what it was told since the reset."""

    def __init__(self, config: MetaWorldConfig, clock: ManualClock) -> None:
        super().__init__(config, clock)
        self.moments: dict[float, tuple[np.ndarray, np.ndarray, np.ndarray, float]] = {}
        self.told: list[np.ndarray | None] = []
        self.scene = 0

    @property
    def world(self) -> MetaWorldWorld:
        world, _ = self._live()
        assert isinstance(world, MetaWorldWorld)
        return world

    def reset(self, seed: int | None = None) -> None:
        super().reset(seed)
        self.scene = seed or 0
        self.moments.clear()
        self.told.clear()

    def get_observation(self) -> Observation:
        observation = super().get_observation()
        world = self.world
        physics = np.empty(mujoco.mj_stateSize(world.model, PHYSICS))
        mujoco.mj_getState(world.model, world.data, physics, PHYSICS)
        self.moments[observation.time] = (physics, world._env._prev_obs.copy(), world._state.copy(), self._gripper)
        return observation

    def restore(self, moment: tuple[np.ndarray, np.ndarray, np.ndarray, float]) -> None:
        """Go on from there, with a whole horizon ahead."""
        world = self.world
        physics, world._env._prev_obs, world._state, self._gripper = moment
        mujoco.mj_setState(world.model, world.data, physics, PHYSICS)
        mujoco.mj_forward(world.model, world.data)
        world._env.curr_path_length = 0
        self._status = TaskStatus(success=False, episode_return=0.0, num_steps=0, is_over=False)

    def send_action(self, action: np.ndarray) -> np.ndarray:
        if self.task_status().is_over:  # while the loop waited for its policy
            return action
        sent = super().send_action(action)
        self.told.append(sent)
        return sent

    def hold(self) -> None:
        if not self.task_status().is_over:
            self.told.append(None)
        super().hold()


class Foresight:
    """Answers with what the expert does in a copy of the scene, off by a random constant."""

    def __init__(
        self, robot: RememberedRobot, copy: RememberedRobot, *, num_rows: int, noise: float, speed: float
    ) -> None:
        self.spec = robot.spec
        self._robot, self._copy = robot, copy
        self._num_rows, self._noise, self._speed = num_rows, noise, speed
        self._expert = ScriptedExpert(copy)
        self._scene: int | None = None

    def reset(self) -> None:
        self._expert.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        if self._scene != self._robot.scene:
            self._scene = self._robot.scene
            self._copy.reset(self._scene)
        self._copy.restore(self._robot.moments[observation.time])
        rng = np.random.default_rng(zlib.crc32(observation.state.tobytes()))
        offset = rng.normal(0.0, self._noise, 3)
        rows = np.empty((self._num_rows, len(self.spec.action)), np.float32)
        for k in range(self._num_rows):
            rows[k] = self._expert.infer(self._copy.get_observation()).actions[0]
            rows[k, MOTION] = self._speed * (rows[k, MOTION] + offset)
            rows[k] = self._copy.send_action(self.spec.action.clip(rows[k]))
        return ActionChunk(actions=rows, observation_time=observation.time, dt=1.0 / self.spec.control_hz)


class WaitedFor:
    """The same, waited for: meanwhile the arm rests."""

    def __init__(self, policy: Foresight, robot: RememberedRobot, clock: ManualClock, delay: float) -> None:
        self.spec = policy.spec
        self.reset = policy.reset
        self._policy, self._robot, self._clock, self._delay = policy, robot, clock, delay

    def infer(self, observation: Observation) -> ActionChunk:
        for _ in range(round(self._delay * self.spec.control_hz)):
            self._robot.hold()
        self._clock.advance(self._delay)
        return self._policy.infer(observation)


def change(actions: list[np.ndarray]) -> float:
    return float(np.square(np.diff(np.stack(actions)[:, MOTION], axis=0)).mean())


def measure(options: argparse.Namespace, delay: float, rule: MergeChoice | None) -> str:
    """One line of the table; without a rule the policy is waited for."""
    clock = ManualClock()
    config = MetaWorldConfig(task=options.task, horizon=options.horizon)
    robot, copy = RememberedRobot(config, clock), RememberedRobot(config, clock)
    for each in (robot, copy):
        each.connect()
    foresight = Foresight(robot, copy, num_rows=options.num_rows, noise=options.noise, speed=options.speed)
    policy: Policy | AsyncPolicy = (
        WaitedFor(foresight, robot, clock, delay) if rule is None else DelayedPolicy(foresight, clock, lambda: delay)
    )
    sent, told, held, periods = [], [], [], []

    def note(scene: int, outcome: EpisodeOutcome) -> None:
        actions = [action for action in robot.told if action is not None]
        rest = np.zeros(len(robot.spec.action), np.float32)
        sent.append(change(actions))
        told.append(change([rest if action is None else action for action in robot.told]))
        held.append(len(robot.told) - len(actions))
        periods.append(len(robot.told))

    outcomes = run_rollouts(
        robot,
        policy,
        clock,
        range(options.num_scenes),
        merge=rule,
        replan_every=options.replan_every,
        on_outcome=note,
    )
    for each in (robot, copy):
        each.disconnect()
    solved = sum(bool(outcome.success) for outcome in outcomes)
    name = "waits for it" if rule is None else rule.rule
    return (
        f"{1e3 * delay:8.0f}  {name:<14}{solved:4}/{options.num_scenes:<4}{np.mean(periods):8.0f}{np.mean(held):8.0f}"
        f"{np.mean(sent):10.4f}{np.mean(told):12.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="pick-place")
    parser.add_argument("--delays", nargs="+", type=float, default=[0.0, 0.1, 0.3], help="of an answer [s]")
    parser.add_argument("--num-rows", type=int, default=60, help="of a chunk; 25 ms each")
    parser.add_argument("--replan-every", type=int, default=10, help="control periods")
    parser.add_argument("--noise", type=float, default=0.2, help="standard deviation of a chunk's offset")
    parser.add_argument("--speed", type=float, default=0.25, help="share of the expert's")
    parser.add_argument("--horizon", type=int, default=400, help="control periods")
    parser.add_argument("--num-scenes", type=int, default=6)
    options = parser.parse_args()
    print(f"{'delay ms':>8}  {'rule':<14}{'solved':>9}{'periods':>8}{'rests':>8}{'change':>10}{'with rests':>12}")
    rules = [None, LatestOnly(), WeightedAverage(), TemporalEnsembling(), PrefixFreezing()]
    for delay in options.delays:
        for rule in rules:
            print(measure(options, delay, rule), flush=True)


if __name__ == "__main__":
    main()
