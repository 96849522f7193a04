"""Robots, policies and subscribers that fail when a script says so."""

from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, settings

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.errors import PolicyUnavailable, StaleObservation
from clam_robot.testing.fakes import FakePolicy, FakeRobot, FakeSubscriber, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step, TaskStatus

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


HORIZON = 8


Fault = Callable[[int], BaseException | None]


class Script:
    """Keeps the order of all calls; the n-th call of a name raises what `faults[name](n)` gives."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.faults: dict[str, Fault] = {}

    def call(self, name: str) -> None:
        number = self.calls.count(name)
        self.calls.append(name)
        error = self.faults.get(name, lambda _: None)(number)
        if error is not None:
            raise error


def at(*numbers: int, error: BaseException) -> Fault:
    """Raise `error` at these calls."""
    return lambda number: error if number in numbers else None


def from_call(first: int, error: BaseException) -> Fault:
    """Raise `error` at this call and all later ones."""
    return lambda number: error if number >= first else None


class ScriptedRobot(FakeRobot):
    def __init__(self, clock: ManualClock, script: Script) -> None:
        super().__init__(clock, horizon=HORIZON)
        self._script = script

    def reset(self, seed: int | None = None) -> None:
        self._script.call("reset")
        super().reset(seed)

    def get_observation(self) -> Observation:
        self._script.call("get_observation")
        return super().get_observation()

    def send_action(self, action: np.ndarray) -> np.ndarray:
        self._script.call("send_action")
        return super().send_action(action)

    def hold(self) -> None:
        self._script.call("hold")
        super().hold()

    def task_status(self) -> TaskStatus:
        self._script.call("task_status")
        return super().task_status()


class ScriptedPolicy(FakePolicy):
    """Answers the n-th question with `answer(n)` in every one of its rows."""

    def __init__(self, script: Script, answer: Callable[[int], list[float]], num_rows: int) -> None:
        super().__init__(act=lambda _: np.array(answer(self.num_answers), np.float32), horizon=num_rows)
        self._script = script
        self.num_answers = 0

    def reset(self) -> None:
        self._script.call("policy.reset")
        super().reset()

    def infer(self, observation: Observation) -> ActionChunk:
        self._script.call("infer")
        chunk = super().infer(observation)
        self.num_answers += 1
        return chunk


class ScriptedSubscriber(FakeSubscriber):
    def __init__(self, script: Script, name: str) -> None:
        super().__init__()
        self._script = script
        self._name = name

    def on_episode_start(self, start: EpisodeStart) -> None:
        self._script.call(f"{self._name}.start")
        super().on_episode_start(start)

    def on_step(self, step: Step) -> None:
        self._script.call(f"{self._name}.step")
        super().on_step(step)

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        self._script.call(f"{self._name}.end")
        super().on_episode_end(outcome)


class Bench:
    """A robot, a policy and two subscribers that fail as told.

    Attributes:
        raised: what run_episode() raised, None when it returned.
    """

    def __init__(
        self,
        *,
        answer: Callable[[int], list[float]] = lambda _: [0.5, 0.0, 0.0],
        num_rows: int = 1,
        **faults: Fault,
    ) -> None:
        self.script = Script()
        self.script.faults = {name.replace("__", "."): fault for name, fault in faults.items()}
        self.clock = ManualClock()
        self.robot = ScriptedRobot(self.clock, self.script)
        self.robot.connect()
        self.policy = ScriptedPolicy(self.script, answer, num_rows)
        self.first = ScriptedSubscriber(self.script, "first")
        self.second = ScriptedSubscriber(self.script, "second")
        self.raised: BaseException | None = None

    def run(self, **loop: int) -> "Bench":
        config = LoopConfig(**{"max_held": 4, **loop})
        control = ControlLoop(
            self.robot, self.policy, clock=self.clock, subscribers=[self.first, self.second], config=config
        )
        start = EpisodeStart(spec=fake_spec(), task="reach the goal", source="test", seed=0)
        try:
            control.run_episode(start)
        except BaseException as error:  # noqa: BLE001 - the tests look at it
            self.raised = error
        return self

    @property
    def is_held(self) -> bool:
        """Whether holding was the last thing the robot was told, and before anyone heard the end."""
        commands = [
            call for call in self.script.calls if call in ("reset", "send_action", "hold", "first.end", "second.end")
        ]
        told = [call for call in commands if call.endswith(".end")]
        return commands[len(commands) - len(told) - 1] == "hold" and commands[len(commands) - len(told) :] == told

    def ends(self) -> list[str]:
        """How each subscriber heard that the episode ended."""
        return [outcome.end for subscriber in (self.first, self.second) for outcome in subscriber.outcomes]

    def sent_and_held(self) -> str:
        """What the robot was told, one letter a command: s for an action, h for hold."""
        return "".join(call[0] for call in self.script.calls if call in ("send_action", "hold"))


BOOM = RuntimeError("boom")


STALE = StaleObservation("joint_states: nothing for 0.5 s")


SILENT = PolicyUnavailable("no answer within 1 s")


CALLS = (
    "reset", "get_observation", "send_action", "hold", "task_status", "policy.reset", "infer",
    "first.start", "first.step", "first.end", "second.start", "second.step", "second.end",
)  # fmt: skip
