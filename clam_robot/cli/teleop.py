"""`clam teleop`."""

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Annotated

import tyro
from rich.text import Text

from clam_robot.cli.calibration_in_use import calibration_in_use, no_calibration
from clam_robot.cli.console import console, plural
from clam_robot.cli.stops import StopOptions, Stops
from clam_robot.cli.teleop_view import TeleopView
from clam_robot.cli.widowx import WIDOWX, CalibratedWidowX, make_widowx
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.errors import ConfigError
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.interfaces import TaskRobot
from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock, MonotonicClock
from clam_robot.types import EpisodeOutcome, EpisodeStart
from sim.registry import make_robot
from teleop.device import Event
from teleop.devices import DeviceName, DeviceOptions, make_device, survey
from teleop.follower import Follower
from teleop.keyboard import HELP
from teleop.mapping import MappingConfig
from teleop.teleop_policy import TeleopPolicy
from teleop.terminal_keys import TerminalKeys

_ENDLESS = 10**9  # control periods
_NEXT = {Event.KEEP, Event.DISCARD, Event.REDO, Event.SUCCESS, Event.FAILURE, Event.QUIT}
_FURTHER_KEYS = "n begins a new scene, Ctrl-C ends"


@dataclass(frozen=True, kw_only=True)
class Command:
    """Drive a robot by hand, in real time, for practice: nothing is recorded.

    Attributes:
        device: what to drive with.
        list: say what is connected and what is missing, and do nothing.
        robot: name of the robot, as for `clam run`; widowx is the arm itself.
        seed: of the first scene, in simulation.
        seconds: end after this long; without it the person ends it.
        mapping: how a motion becomes a velocity.
        devices: how each device is read.
        tolerance: furthest a joint of a leader arm may be from the follower's to begin [rad].
        widowx: where the arm is.
        stops: how a person stops it.
    """

    device: DeviceName = "keyboard"
    list: bool = False
    robot: str = "widowx-twin:reach-block"
    seed: int = 0
    seconds: float | None = None
    mapping: Annotated[MappingConfig, tyro.conf.arg(name="")] = field(default_factory=MappingConfig)
    devices: Annotated[DeviceOptions, tyro.conf.arg(name="")] = field(default_factory=DeviceOptions)
    tolerance: float = 0.25
    widowx: Annotated[CalibratedWidowX, tyro.conf.OmitArgPrefixes] = field(default_factory=CalibratedWidowX)
    stops: Annotated[StopOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=StopOptions)

    def run(self) -> None:
        """Drive until the person, a script's end or `seconds` ends it."""
        if self.list:
            self._list()
            return
        self._check()
        is_arm, asked = self.robot == WIDOWX, self.widowx.calibration
        calibration = calibration_in_use(asked, self.widowx) if is_arm else no_calibration(asked, self.robot)
        with ExitStack() as stack:
            clock, keys = MonotonicClock(), TerminalKeys(sys.stdin)
            arm = None
            if is_arm:
                arm = make_widowx(self.widowx, None, clock, horizon=_ENDLESS, calibration=calibration)
            robot: TaskRobot = arm or make_robot(self.robot, clock, horizon=_ENDLESS)
            latch = StopLatch() if arm is None else arm.latch
            device = make_device(self.device, self.devices, clock, keys, latch=latch, tell=show_address)
            wishes = Wishes()
            policy = TeleopPolicy(
                device,
                robot.spec,
                self.mapping,
                follower=self._follower(robot.spec),
                latch=latch,
                on_event=wishes.hear,
            )
            stack.callback(device.close)
            device.open()
            stack.callback(robot.disconnect)
            robot.connect()
            namespace = self.widowx.namespace if arm is not None and self.widowx.driver == "ros" else None
            told = f"{HELP}; {_FURTHER_KEYS}" if self.device == "keyboard" else f"any key stops; {_FURTHER_KEYS}"
            stops = Stops(self.stops, latch, stack, ros_namespace=namespace, keys=keys, what_keys_do=told)
            if arm is not None:
                console.print("the arm goes to its start and tries itself; then it is yours")
            if self.device == "leader":
                console.print(f"meanwhile bring the leader there: {_start_in_words()}", soft_wrap=True)
            drive = Practice(self, robot, policy, clock, wishes)
            while not (
                stops.until_done(drive.run_scene, recover=(lambda: None) if arm is None else arm.recover)
                and drive.is_over
            ):
                pass

    def _check(self) -> None:
        if self.seconds is not None and not 0.0 < self.seconds < float("inf"):
            raise ConfigError(f"--seconds: expected a positive number, found {self.seconds}")
        is_on_bus = self.robot == WIDOWX and self.widowx.driver == "dynamixel"
        if self.device == "leader" and is_on_bus and self.devices.leader.port == self.widowx.port:
            raise ConfigError(f"leader and follower are both on {self.widowx.port}; give the leader's --leader.port")

    def _follower(self, spec: RobotSpec) -> Follower | None:
        if self.device != "leader":
            return None
        from teleop.leader_follower import FollowConfig, LeaderFollower

        return LeaderFollower(spec, FollowConfig(tolerance=self.tolerance))

    def _list(self) -> None:
        for each in survey(self.devices):
            mark = "[green]ready[/]  " if each.is_there else "[yellow]missing[/]"
            console.print(f"{each.name:<11}{mark}  ", end="")
            console.print(each.detail, markup=False, soft_wrap=True)


class Wishes:
    """What the person asked for beside moving, since the scene began."""

    def __init__(self) -> None:
        self.newest: Event | None = None

    def hear(self, event: Event) -> None:
        """An event."""
        if event in _NEXT:
            self.newest = event


class Practice:
    """Scenes one after the other.

    Args:
        command: how.
        robot: connected.
        policy: of the person.
        clock: real.
        wishes: of the person.

    Attributes:
        is_over: whether the scene that ended was the last one.
    """

    def __init__(self, command: Command, robot: TaskRobot, policy: TeleopPolicy, clock: Clock, wishes: Wishes) -> None:
        seconds = command.seconds
        steps = None if seconds is None else max(1, round(seconds * robot.spec.control_hz))
        self._loop = ControlLoop(
            robot,
            policy,
            clock=clock,
            subscribers=[policy, TeleopView(policy, command.mapping)],
            config=LoopConfig(max_steps=steps),
            ask_end=lambda: None if wishes.newest is None else str(wishes.newest),
        )
        self._robot, self._wishes, self._scene = robot, wishes, command.seed
        self.is_over = False

    def run_scene(self) -> None:
        """One scene, until the person wants another one or has finished."""
        self._wishes.newest = None
        start = EpisodeStart(spec=self._robot.spec, task=self._robot.task, source="teleop", seed=self._scene)
        outcome = self._loop.run_episode(start)
        self._scene += 1
        self.is_over = self._wishes.newest in {None, Event.QUIT}
        console.print(in_words(outcome), soft_wrap=True)


def show_address(url: str) -> None:
    """Print the address of a device's page, and the picture that a phone's camera reads it from."""
    from teleop.qr_code import qr_code

    console.print(Text(qr_code(url), style="bright_white on black"), soft_wrap=True)
    console.print(f"open on the phone: {url}", markup=False, soft_wrap=True)


def _start_in_words() -> str:
    from clam_robot.hardware.widowx import START
    from clam_robot.hardware.wx250s import JOINT_NAMES

    return ", ".join(f"{name} {angle:+.2f}" for name, angle in zip(JOINT_NAMES, START, strict=True)) + " rad"


def in_words(outcome: EpisodeOutcome) -> str:
    """How a scene went."""
    solved = "" if outcome.success is None else f", {'solved' if outcome.success else 'not solved'}"
    return (
        f"{plural(outcome.num_steps, 'control period')} at {outcome.achieved_hz:.1f} Hz, "
        f"{outcome.num_overruns} late, {outcome.num_limited} limited{solved}"
    )
