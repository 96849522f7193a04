"""`clam record --device ...`: a person records."""

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from clam_robot.cli.arguments import require_positive
from clam_robot.cli.console import console, plural
from clam_robot.cli.session_display import SessionDisplay
from clam_robot.cli.session_mirror import gauges_of, mirroring
from clam_robot.cli.session_page import open_page
from clam_robot.cli.session_resume import resume
from clam_robot.cli.session_robot import ArmOptions, SessionRobot, make_session_robot
from clam_robot.cli.stops import StopOptions, Stops
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.episodes.recorder import Recorder
from clam_robot.episodes.same_robot import require_same_robot
from clam_robot.episodes.stores.mirror import Mirror
from clam_robot.episodes.stores.place import require_folder
from clam_robot.errors import ConfigError
from clam_robot.specs import RobotSpec
from clam_robot.timing import MonotonicClock
from teleop.action_layout import ActionLayout
from teleop.device import Event, TeleopDevice
from teleop.devices import DeviceName, DeviceOptions, make_device
from teleop.episode_quality import QualityLimits
from teleop.follower import Follower
from teleop.kept_so_far import KeptSoFar
from teleop.mapping import HEADINGS, MappingConfig
from teleop.play_guide import PlayGuide, PlayTargets
from teleop.play_workspace import PlayBox
from teleop.recording_session import RecordingSession
from teleop.session_keys import SessionKeys
from teleop.session_setup import SessionSetup
from teleop.session_state import Wish
from teleop.teleop_policy import TeleopPolicy
from teleop.terminal_keys import TerminalKeys
from teleop.text_entry import TextEntry


@dataclass(frozen=True, kw_only=True)
class Command:
    """Record episodes by hand, guided from one to the next; what is kept stays kept whatever happens.

    Enter starts an episode: the robot goes to its start, a countdown runs, then you drive. Say how it went with y
    (success), x (failure) or ? (unsure), or end it with a full stop and decide afterwards; n throws it away and begins
    again, backspace throws it away. m types a note, t another task. The space bar, or any key that means nothing, stops
    the robot, c clears the stop. Ctrl-C finishes. One command at a time records into a folder; a second one is refused.

    Attributes:
        device: what to drive with.
        out: folder of the data set; recording goes on where it stopped.
        robot: name of the robot, as for `clam run`; widowx is the arm itself.
        episodes: how many the folder shall hold.
        mode: demonstration shows the task; play shows what else arm and gripper can do, and asks for what is missing.
        task: in words; the robot's own by default.
        operator: who records.
        recover: first finish the episodes that a crash left without an end, and count them.
        countdown: before an episode [s].
        max_seconds: an episode ends by itself after this long [s].
        quality: what an episode must keep, or it is kept only when you insist.
        accept_poor: keep poor episodes without a question.
        play: what play is to show.
        seed: of the first scene, in simulation.
        page: HOST:PORT of a page for the operator; none by default.
        mirror: URL such as s3://bucket/folder to which each finished episode is copied, beside the recording; the one
            here stays.
        mapping: how a motion becomes a velocity.
        devices: how each device is read.
        tolerance: furthest a joint of a leader arm may be from the follower's to begin [rad].
        arm: where the arm and its cameras are.
        stops: how a person stops it, beside keys.
    """

    device: DeviceName
    out: Path
    robot: str = "widowx-twin:reach-block"
    episodes: int = 20
    mode: Literal["demonstration", "play"] = "demonstration"
    task: str = ""
    operator: str = ""
    recover: bool = False
    countdown: float = 3.0
    max_seconds: float = 120.0
    quality: QualityLimits = field(default_factory=QualityLimits)
    accept_poor: bool = False
    play: PlayTargets = field(default_factory=PlayTargets)
    seed: int = 0
    page: str | None = None
    mirror: str | None = None
    mapping: Annotated[MappingConfig, tyro.conf.arg(name="")] = field(default_factory=MappingConfig)
    devices: Annotated[DeviceOptions, tyro.conf.arg(name="")] = field(default_factory=DeviceOptions)
    tolerance: float = 0.25
    arm: Annotated[ArmOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=ArmOptions)
    stops: Annotated[StopOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=StopOptions)

    def run(self) -> None:
        """Record until the folder holds enough or the person has finished."""
        require_positive(episodes=self.episodes)
        require_folder(self.out, "--out")
        with folder_lock(self.out, f"clam record --device {self.device}"):
            self._record_missing()

    def _record_missing(self) -> None:
        setup = SessionSetup(
            mode=self.mode,
            task=self.task,
            operator=self.operator,
            target=self.episodes,
            countdown=self.countdown,
            max_seconds=self.max_seconds,
            first_seed=self.seed,
            quality=self.quality,
            accept_poor=self.accept_poor,
        )
        clock = MonotonicClock()
        body = make_session_robot(self.robot, self.arm, clock)
        if self.device == "leader" and body.port == self.devices.leader.port:
            raise ConfigError(f"leader and follower are both on {body.port}; give the leader's --leader.port")
        require_same_robot(self.out, body.robot.spec)
        kept = resume(self.out, setup, recovers=self.recover)
        if kept.num_kept >= setup.target:
            return
        guide = self._guide(body.robot.spec, kept) if self.mode == "play" else None
        with mirroring(self.out, self.mirror) as mirror, ExitStack() as stack:
            self._record(setup, kept, body, guide, clock, mirror, stack)

    def _record(
        self,
        setup: SessionSetup,
        kept: KeptSoFar,
        body: SessionRobot,
        guide: PlayGuide | None,
        clock: MonotonicClock,
        mirror: Mirror | None,
        stack: ExitStack,
    ) -> None:
        robot, latch = body.robot, body.latch
        keys, entry = TerminalKeys(sys.stdin), TextEntry()
        ear = _Ear(is_script=self.device == "script")
        device = make_device(self.device, self.devices, clock, keys, latch=latch)
        policy = TeleopPolicy(
            device, robot.spec, self.mapping, follower=self._follower(robot.spec), latch=latch, on_event=ear.hear
        )
        recorder = stack.enter_context(
            Recorder(
                self.out,
                is_reviewed=True,
                joints=body.joints,
                depth_units=body.depth_units,
                calibration=body.calibration,
                time_corrections=body.time_corrections,
            )
        )
        body.listen(recorder)
        session = RecordingSession(
            robot,
            policy,
            recorder,
            clock=clock,
            setup=setup,
            kept=kept,
            latch=latch,
            recover=body.recover,
            listen=lambda: ear.listen(device),
            guide=guide,
            subscribers=[policy],
            hint=lambda: policy.status.note,
            hold_off=lambda: "" if entry.line is None else f"first finish the {entry.label} at the terminal",
            more_gauges=lambda: gauges_of(mirror),
            tell=lambda line: display.tell(line),
            details={"robot": robot.spec.name, "device": self.device, "folder": str(self.out), **body.details},
        )
        display = SessionDisplay(session, entry, robot.spec, console, drives_by_keys=self.device == "keyboard")
        ear.session = session
        keys.listen(SessionKeys(session, entry, clock, refuse=display.tell))
        stack.callback(device.close)
        device.open()
        keys.listen(entry, first=True)
        if body.what_comes:
            console.print(body.what_comes)
        stack.callback(robot.disconnect)
        robot.connect()
        told = "any key that means nothing here stops the robot" if self.device != "script" else ""
        Stops(self.stops, latch, stack, ros_namespace=body.ros_namespace, keys=keys, what_keys_do=told)
        if self.page is not None:
            open_page(self.page, session, robot.spec, latch, stack)
        with finished_by_interrupt(session):
            try:
                with display:
                    session.run()
            finally:
                stack.close()
                self._report(session, recorder)

    def _report(self, session: RecordingSession, recorder: Recorder) -> None:
        state = session.state()
        console.print(
            f"kept {plural(recorder.num_kept, 'episode')} in this sitting, {state.num_discarded} discarded; "
            f"{state.num_kept} of {state.target} in {self.out}",
            soft_wrap=True,
            markup=False,
        )
        if recorder.num_left:
            console.print(
                f"{plural(recorder.num_left, 'episode')} never got a decision; `clam repair {self.out}` finishes it",
                soft_wrap=True,
                markup=False,
            )

    def _follower(self, spec: RobotSpec) -> Follower | None:
        if self.device != "leader":
            return None
        from teleop.leader_follower import FollowConfig, LeaderFollower

        return LeaderFollower(spec, FollowConfig(tolerance=self.tolerance))

    def _guide(self, spec: RobotSpec, kept: KeptSoFar) -> PlayGuide:
        """Told of all that was kept before."""
        heading, full_speed = HEADINGS[self.mapping.view], None
        if self.device != "leader":
            layout = ActionLayout.of(spec)
            heading += layout.forwards
            full_speed = _full_speed(layout, self.mapping)
        box = PlayBox() if spec.name.startswith("widowx") else None
        guide = PlayGuide(spec, self.play, box=box, heading=heading, full_speed=full_speed)
        for episode in EpisodeDataset(self.out, kept.names) if kept.names else ():
            guide.add_episode(episode.state, episode.action)
        return guide


class _Ear:
    """Passes on what the person says on the device; where a script is over, nobody is there to decide any more."""

    session: RecordingSession

    def __init__(self, *, is_script: bool) -> None:
        self._is_script, self._is_over = is_script, False

    def hear(self, event: Event) -> None:
        self._is_over = self._is_over or (self._is_script and event is Event.QUIT)
        self.session.hear(event)

    def listen(self, device: TeleopDevice) -> Sequence[Event]:
        if self._is_over:
            return (Event.QUIT,)
        events = device.read().events
        self._is_over = self._is_script and Event.QUIT in events
        return events


@contextmanager
def finished_by_interrupt(session: RecordingSession) -> Iterator[None]:
    """While it lasts, Ctrl-C asks the session to finish, as often as it is pressed; the third one ends the command."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []

    def finish(number: int, frame: object) -> None:
        pressed.append(number)
        if len(pressed) > 2:
            raise KeyboardInterrupt
        # A thread of its own: this one may be about to change the session.
        threading.Thread(target=session.ask, args=(Wish.QUIT,), daemon=True).start()

    before = signal.signal(signal.SIGINT, finish)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _full_speed(layout: ActionLayout, mapping: MappingConfig) -> np.ndarray:
    """(A,) what the person's full deflection is in action units, seen along each axis alone."""
    most = np.zeros(len(layout.spec.action))
    for axis in range(6):
        velocity = np.zeros(6)
        velocity[axis] = mapping.translation_speed if axis < 3 else mapping.rotation_speed
        most = np.maximum(most, np.abs(layout.action(velocity, 0.0)))
    return most
