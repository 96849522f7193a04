"""Guides a person from episode to episode: runs the control loop, the recorder and what decides between them."""

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.episodes.disk import free_bytes
from clam_robot.episodes.recorder import Recorder
from clam_robot.errors import ArmStopped, ClamRobotError, RobotError
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.interfaces import Policy, Robot, Subscriber, TaskRobot
from clam_robot.timing import Clock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step
from teleop.device import Event
from teleop.episode_quality import problems
from teleop.kept_so_far import KeptSoFar
from teleop.play_guide import PlayGuide
from teleop.recording_gauges import RecordingGauges
from teleop.session_prompts import prompt_for
from teleop.session_rules import Fact, Situation
from teleop.session_setup import SessionSetup
from teleop.session_state import Gauge, Phase, SessionState, Wish
from teleop.session_text import cleaned

_TICK = 0.05  # [s] between two looks while nothing moves
_LOOK_AT_DISK = 5.0  # [s] between two looks at what is left of it


class RecordingSession:
    """A `SessionControl`. `run` drives it in the thread that calls it; everything else may come from any thread.

    The robot moves in `RESETTING` and `RECORDING` only. An episode is on the disk when it ends, waits there for the
    person's decision and has its name after it; whatever ends the program in between leaves it to be recovered.

    Args:
        robot: connected.
        policy: of the person.
        recorder: with `is_reviewed`.
        clock: real.
        setup: how.
        kept: what the folder holds already.
        latch: of the robot's stop.
        recover: makes the robot ready after a stop was cleared; raises `RobotError` where it cannot be.
        listen: what the person has said on the device since it was last asked; asked while no policy reads the device.
        guide: of play, told of what is kept already; None for demonstrations.
        subscribers: told of every step, too.
        hint: what the person should know of the own doing, such as why the robot does not follow.
        hold_off: why no episode may begin at this moment; "" where one may.
        more_gauges: figures beside those of the recording.
        tell: told what became of each episode, for a log.
        details: of `SessionControl`.
    """

    def __init__(
        self,
        robot: Robot,
        policy: Policy,
        recorder: Recorder,
        *,
        clock: Clock,
        setup: SessionSetup,
        kept: KeptSoFar,
        latch: StopLatch,
        recover: Callable[[], object] = lambda: None,
        listen: Callable[[], Sequence[Event]] = lambda: (),
        guide: PlayGuide | None = None,
        subscribers: Sequence[Subscriber] = (),
        hint: Callable[[], str] = lambda: "",
        hold_off: Callable[[], str] = lambda: "",
        more_gauges: Callable[[], tuple[Gauge, ...]] = lambda: (),
        tell: Callable[[str], object] = lambda line: None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        self._robot, self._recorder, self._clock, self._setup = robot, recorder, clock, setup
        self._latch, self._recover, self._listen, self._guide = latch, recover, listen, guide
        self._more_gauges = more_gauges
        self._hint, self._hold_off, self._tell, self._details = hint, hold_off, tell, dict(details or {})
        self._gauges = RecordingGauges(robot.spec, setup.quality)
        self._loop = ControlLoop(
            robot,
            policy,
            clock=clock,
            subscribers=[recorder, self._gauges, _Watch(self._see), *subscribers],
            config=LoopConfig(max_steps=max(1, round(setup.max_seconds * robot.spec.control_hz))),
            ask_end=self._end_of_episode,
            await_start=self._count_down,
        )
        self._lock = threading.RLock()
        self._situation = Situation()
        self._since = clock.now()
        self._kept, self._num_discarded = kept, 0
        self._task = setup.task or (robot.task if isinstance(robot, TaskRobot) else "")
        self._notes: tuple[str, ...] = ()
        self._message = ""
        self._step: Step | None = None
        self._seed = max(setup.first_seed, kept.next_seed)
        self._free_bytes: int | None = None
        self._looked_at_disk = float("-inf")

    @property
    def details(self) -> Mapping[str, str]:
        """Of `SessionControl`."""
        return self._details

    def newest_step(self) -> Step | None:
        """Of `SessionControl`."""
        return self._step

    def hear(self, event: Event) -> None:
        """What the person says on the device."""
        refusal = self.ask(Wish(event))
        if refusal:
            self._tell(refusal)

    def ask(self, wish: Wish, text: str = "") -> str:
        """Of `SessionControl`."""
        with self._lock:
            if wish is Wish.STOP and self._situation.phase is not Phase.FINISHED:
                self._latch.stop(detail="asked for in the recording session")
                return ""
            answer = self._situation.after_wish(wish)
            refusal = answer if isinstance(answer, str) else self._objection(wish, text)
            if refusal or isinstance(answer, str):
                self._message = refusal
                return refusal
            self._take(wish, cleaned(text))
            self._become(answer)
        return ""

    def state(self) -> SessionState:
        """Of `SessionControl`."""
        with self._lock:
            situation, kept, cause = self._situation, self._kept, self._latch.cause
            seconds = self._clock.now() - self._since
            if situation.phase is Phase.COUNTDOWN:
                seconds = max(0.0, self._setup.countdown - seconds)
            return SessionState(
                phase=situation.phase,
                mode=self._setup.mode,
                task=self._task,
                operator=self._setup.operator,
                target=self._setup.target,
                num_kept=kept.num_kept,
                num_success=kept.num_success,
                num_failure=kept.num_failure,
                num_unsure=kept.num_unsure,
                num_discarded=self._num_discarded,
                seconds=seconds,
                prompt=self._prompt(),
                message=self._message,
                gauges=self._read_gauges(),
                coverage=() if self._guide is None else self._guide.coverage(),
                wishes=situation.wishes,
                stop_reason=str(cause) if cause is not None and situation.phase is Phase.STOPPED else "",
            )

    def run(self) -> None:
        """Until the session is finished.

        Raises:
            Exception: a bug, or a subscriber's failure; the episode under way is left to be recovered.
        """
        self._check_target()
        while (phase := self._situation.phase) is not Phase.FINISHED:
            if phase is Phase.SAVING:
                self._settle()
            elif phase is Phase.RESETTING and self._latch.cause is None:
                self._record()
            else:
                self._idle()

    def _idle(self) -> None:
        """One look around while nothing moves."""
        for event in self._listen():
            self.hear(event)
        with self._lock:
            phase, is_stopped = self._situation.phase, self._latch.cause is not None
            if is_stopped:
                self._wait_for_look()
        if phase is Phase.STOPPED and not is_stopped:
            try:
                self._recover()
            except RobotError as error:
                self._stop_for(error)
            else:
                self._happen(Fact.CLEARED, "the stop is cleared; nothing was lost")
        self._recorder.note("\n".join(self._notes))
        self._clock.sleep_until(self._clock.now() + _TICK)

    def _record(self) -> None:
        """One episode, from the robot's way to its start to the end."""
        spec = self._robot.spec
        start = EpisodeStart(
            spec=spec,
            task=self._task,
            source="teleop",
            seed=self._seed,
            operator=self._setup.operator,
            mode=self._setup.mode,
        )
        try:
            self._loop.run_episode(start)
        except _CalledOff:
            self._happen(Fact.EMPTY, "called off before anything was recorded")
        except RobotError as error:
            self._stop_for(error)
            self._after_fault(
                "the robot stopped; what was recorded until then waits for your decision",
                if_empty="the robot stopped before anything was recorded",
            )
            self._wait_for_look()
        except ClamRobotError as error:
            self._after_fault(str(error))
        else:
            self._happen(Fact.ENDED)

    def _after_fault(self, message: str, *, if_empty: str = "") -> None:
        waiting = self._recorder.undecided
        if waiting is not None and waiting.num_steps == 0:
            self._recorder.discard()
            waiting = None
        if waiting is None and self._guide is not None:
            self._guide.forget()
        self._happen(*((Fact.EMPTY, if_empty or message) if waiting is None else (Fact.CUT, message)))

    def _wait_for_look(self) -> None:
        """The robot was stopped: it is made ready again once the stop is cleared, which it may be already."""
        with self._lock:
            if self._situation.phase in {Phase.READY, Phase.REVIEW, Phase.RESETTING}:
                self._happen(Fact.STOPPED)

    def _count_down(self) -> None:
        """Between the robot's start and the episode's; raises where it is called off."""
        self._happen(Fact.AT_START)
        end = self._clock.now() + self._setup.countdown
        while self._clock.now() < end:
            for event in self._listen():
                self.hear(event)
            self._require_wanted()
            self._clock.sleep_until(min(self._clock.now() + _TICK, end))
        self._require_wanted()
        self._happen(Fact.COUNTED)

    def _require_wanted(self) -> None:
        if self._situation.asked is not None or self._latch.cause is not None:
            raise _CalledOff

    def _end_of_episode(self) -> str | None:
        asked = self._situation.asked or ("recorder" if self._recorder.health().failure is not None else None)
        return None if asked is None else str(asked)

    def _settle(self) -> None:
        """Do what was decided on the episode that waits."""
        asked, outcome = self._situation.asked, self._recorder.undecided
        assert outcome is not None
        assert asked is not None
        if asked in {Wish.DISCARD, Wish.REDO}:
            self._recorder.discard()
            self._forget_episode()
            self._num_discarded += 1
            self._seed += asked is Wish.DISCARD
            self._happen(Fact.DONE, "discarded" if asked is Wish.DISCARD else "discarded; once more from the start")
            return
        found = self._problems(outcome)
        if found and not self._situation.is_refused:
            self._happen(
                Fact.POOR,
                f"not kept: {'; '.join(found)}. Say {asked} once more to keep it all the same, or redo it",
            )
            return
        self._keep(asked, outcome)

    def _keep(self, asked: Wish, outcome: EpisodeOutcome) -> None:
        success = {Wish.SUCCESS: True, Wish.FAILURE: False, Wish.UNSURE: None}.get(asked, outcome.success)
        verdict = "" if asked is Wish.KEEP else str(asked)
        told = dataclasses.replace(outcome, success=success, verdict=verdict, notes="\n".join(self._notes))
        try:
            path = self._recorder.commit(told)
        except ClamRobotError as error:
            self._forget_episode()
            self._happen(Fact.LOST, f"not saved: {error}; `clam repair` finishes what reached the disk")
            return
        if self._guide is not None:
            self._guide.keep()
        with self._lock:
            self._kept = self._kept.with_one_more(success)
            self._seed += 1
        self._forget_episode()
        count = f"{self._kept.num_kept} of {self._setup.target}"
        self._happen(Fact.DONE, f"kept {path.name} ({verdict or 'no verdict'}, {outcome.num_steps} periods): {count}")
        self._check_target()

    def _forget_episode(self) -> None:
        self._notes = ()
        if self._guide is not None:
            self._guide.forget()

    def _problems(self, outcome: EpisodeOutcome) -> tuple[str, ...]:
        if self._setup.accept_poor:
            return ()
        return problems(
            outcome,
            self._setup.quality,
            control_hz=self._robot.spec.control_hz,
            num_dropped=self._recorder.num_dropped_now,
        )

    def _check_target(self) -> None:
        with self._lock:
            if self._situation.phase is Phase.READY and self._kept.num_kept >= self._setup.target:
                self._happen(Fact.FULL)

    def _objection(self, wish: Wish, text: str) -> str:
        """Why a wish that fits the phase is refused all the same."""
        if wish in {Wish.NOTE, Wish.TASK} and not cleaned(text):
            return f"{wish}: expected a text, found none"
        if wish in {Wish.START, Wish.REDO} and self._latch.cause is not None:
            return f"{wish}: the robot is stopped; look at it, then clear the stop"
        return self._hold_off() if wish in {Wish.START, Wish.REDO} else ""

    def _take(self, wish: Wish, text: str) -> None:
        self._message = ""
        match wish:
            case Wish.NOTE:
                self._notes = (*self._notes, text)
                self._message = f"noted: {text}"
            case Wish.TASK:
                self._task = text
                self._message = f"task from the next episode on: {text}"
            case Wish.CLEAR:
                self._latch.clear()
            case Wish.QUIT if self._situation.has_episode and not self._situation.is_leaving:
                first = "decide on this episode"
                if self._situation.phase is Phase.STOPPED:
                    first = "look at the robot and clear the stop (c), then decide on the episode that waits"
                self._message = f"first {first}; quit once more leaves it for `clam repair`"
            case _:
                pass

    def _become(self, situation: Situation) -> None:
        if situation.phase is not self._situation.phase:
            self._since = self._clock.now()
        self._situation = situation

    def _happen(self, fact: Fact, message: str | None = None) -> None:
        with self._lock:
            self._become(self._situation.after(fact))
            if message is not None:
                self._message = message
        if message:
            self._tell(message)

    def _stop_for(self, error: RobotError) -> None:
        """A fault of the robot holds it until a person has looked, as a stop does; one who was quick has looked."""
        if self._latch.cause is None and not isinstance(error, ArmStopped):
            self._latch.stop(Reason.DRIVER, str(error))

    def _prompt(self) -> str:
        guided = self._guide.prompt if self._guide is not None else ""
        return prompt_for(self._situation, self._setup.mode, task=self._task, guided=guided, hint=self._hint())

    def _read_gauges(self) -> tuple[Gauge, ...]:
        now = self._clock.now()
        if now - self._looked_at_disk > _LOOK_AT_DISK:
            self._looked_at_disk = now
            self._free_bytes = free_bytes(self._recorder.root)
        return self._more_gauges() + self._gauges.gauges(
            pace=self._loop.pace,
            num_dropped=self._recorder.num_dropped_now,
            health=self._recorder.health(),
            free_bytes=self._free_bytes,
        )

    def _see(self, step: Step) -> None:
        self._step = step
        if self._guide is not None:
            self._guide.add(step.observation.state, step.sent)


class _Watch:
    """A `Subscriber` that passes steps on."""

    def __init__(self, see: Callable[[Step], object]) -> None:
        self._see = see

    def on_episode_start(self, start: EpisodeStart) -> None:
        """Nothing to do."""

    def on_step(self, step: Step) -> None:
        """Pass it on."""
        self._see(step)

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        """Nothing to do."""


class _CalledOff(Exception):
    """The countdown was called off."""
