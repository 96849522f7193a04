"""A session on a robot of numbers, with a person who says the next word whenever there is a moment to."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from clam_robot.episodes import Recorder, folders
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.testing.fakes import FakePolicy, FakeRobot
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step
from teleop.device import Event
from teleop.episode_quality import QualityLimits
from teleop.kept_so_far import look
from teleop.recording_session import RecordingSession
from teleop.session_setup import SessionSetup
from teleop.session_state import Phase, Wish

SETUP = SessionSetup(target=100, countdown=0.2, quality=QualityLimits(min_steps=1), task="reach", operator="ada")
Word = tuple[Wish, str] | Wish | None  # None says nothing for a moment


class WatchedRobot(FakeRobot):
    """Moves only where the session says that it may; a fault may be waiting in it."""

    bench: "SessionBench"
    fault: Exception | None = None

    def reset(self, seed: int | None = None) -> None:
        assert self.bench.session.state().phase is Phase.RESETTING
        self.bench.seeds.append(seed)
        super().reset(seed)

    def send_action(self, action: Float32[np.ndarray, "A"]) -> Float32[np.ndarray, "A"]:
        assert self.bench.session.state().phase is Phase.RECORDING
        assert self.bench.latch.cause is None
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return super().send_action(action)


class LatchedPolicy(FakePolicy):
    """Refuses while the stop is latched, as a person's policy does."""

    latch: StopLatch

    def infer(self, observation: Observation) -> ActionChunk:
        self.latch.require_clear()
        return super().infer(observation)


class SessionBench:
    """Everything around a session; `run` has the person say the words and then quit.

    Attributes:
        answers: what was said and why it was refused, "" where it was not.
        told: what the session told.
        finished: names of the finished episodes, at every moment that the person said something.
        seeds: of the scenes.
    """

    def __init__(
        self,
        root: Path,
        setup: SessionSetup = SETUP,
        *,
        hz: float = 10.0,
        files: Callable[..., EpisodeFiles] = EpisodeFiles,
    ) -> None:
        self.root, self.clock, self.latch = root, ManualClock(), StopLatch()
        self.robot = WatchedRobot(self.clock, horizon=10**6)
        self.robot.bench = self
        self.robot.connect()
        self.policy = LatchedPolicy(self.robot.spec)
        self.policy.latch = self.latch
        self.recorder = Recorder(root, is_reviewed=True, durable=False, wait_when_full=True, files=files)
        self.answers: list[tuple[Word, str]] = []
        self.told: list[str] = []
        self.finished: list[set[str]] = []
        self.seeds: list[int | None] = []
        self.blocked = ""
        self._words: list[Word] = []
        self.session = RecordingSession(
            self.robot,
            self.policy,
            self.recorder,
            clock=self.clock,
            setup=setup,
            kept=look(root),
            latch=self.latch,
            listen=self._listen,
            subscribers=[self],
            hold_off=lambda: self.blocked,
            tell=self.told.append,
        )

    def run(self, *words: Word) -> None:
        self._words = list(words)
        self.session.run()
        self.recorder.close()

    @property
    def names(self) -> set[str]:
        return set(folders.finished_episodes(self.root)) if self.root.is_dir() else set()

    def refusals(self) -> Iterable[str]:
        return [answer for _, answer in self.answers if answer]

    def on_episode_start(self, start: EpisodeStart) -> None: ...

    def on_step(self, step: Step) -> None:
        if step.requested is not None:
            self._speak()

    def on_episode_end(self, outcome: EpisodeOutcome) -> None: ...

    def _listen(self) -> Sequence[Event]:
        self._speak()
        return ()

    def _speak(self) -> None:
        self.finished.append(self.names)
        word = self._words.pop(0) if self._words else Wish.QUIT
        if word is not None:
            wish, text = (word, "") if isinstance(word, Wish) else word
            self.answers.append((word, self.session.ask(wish, text)))
