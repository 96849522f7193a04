"""`clam replay`."""

import dataclasses
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro
from rich.table import Table

from clam_robot.cli.calibration_in_use import calibration_in_use, no_calibration, time_corrections
from clam_robot.cli.console import console, plural
from clam_robot.cli.data_sets import open_episode_with_bar
from clam_robot.cli.stops import StopOptions, Stops
from clam_robot.cli.widowx import WIDOWX, CalibratedWidowX, make_widowx
from clam_robot.control.deviation import Deviation, DeviationMeter
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.control.replay_policy import ReplayConfig, ReplayPolicy
from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.episodes.recorder import Recorder
from clam_robot.episodes.stores.cache import pictures_of
from clam_robot.episodes.stores.place import Place, require_folder
from clam_robot.interfaces import Subscriber
from clam_robot.timing import ManualClock, MonotonicClock
from clam_robot.types import EpisodeOutcome, EpisodeStart
from sim.robot_for_spec import robot_for


@dataclass(frozen=True, kw_only=True)
class Command:
    """Repeat the actions of a recorded episode on a robot, slower, through the safety limiter.

    The robot goes to its start, and nothing further moves when that is not where the recording began. Afterwards the
    way it went is compared with the recorded one.

    Attributes:
        dataset: folder or URL of episodes, or of one episode.
        episode: which one.
        robot: name of the robot; the recorded one by default. widowx is the arm itself.
        replay: how the actions are repeated.
        seed: of the scene; the recorded one by default.
        real_time: pace a simulation by the clock on the wall.
        record: folder to record the replay into.
        widowx: where the arm is.
        stops: how a person stops it.
    """

    dataset: tyro.conf.Positional[Place]
    episode: int = 0
    robot: str | None = None
    replay: Annotated[ReplayConfig, tyro.conf.arg(name="")] = field(default_factory=ReplayConfig)
    seed: int | None = None
    real_time: bool = False
    record: Path | None = None
    widowx: Annotated[CalibratedWidowX, tyro.conf.OmitArgPrefixes] = field(default_factory=CalibratedWidowX)
    stops: Annotated[StopOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=StopOptions)

    def run(self) -> None:
        """Replay and say how far the robot was from the recorded one."""
        if self.record is not None:
            require_folder(self.record, "--record")
        recorded = open_episode_with_bar(self.dataset, self.episode, wanted=pictures_of(None))
        spec = recorded.spec
        if self.record is None or (self.robot == WIDOWX and self.widowx.cameras is None):
            spec = dataclasses.replace(spec, cameras={})
        policy = ReplayPolicy(spec, recorded.action, recorded.state[0], self.replay)
        lost = recorded.attributes.recording.num_dropped
        if lost:
            console.print(
                f"[yellow]{plural(lost, 'step')} were lost in recording; the rest is repeated without them[/]"
            )
        seed = recorded.attributes.seed if self.seed is None else self.seed
        outcomes: list[EpisodeOutcome] = []
        meter = DeviationMeter(recorded.state, speed=self.replay.speed)
        is_arm = self.robot == WIDOWX
        asked = self.widowx.calibration
        calibration = calibration_in_use(asked, self.widowx) if is_arm else no_calibration(asked, spec.name)
        with ExitStack() as stack:
            if self.record is not None:
                stack.enter_context(folder_lock(self.record, "clam replay --record"))
            clock = MonotonicClock() if self.real_time or self.robot == WIDOWX else ManualClock()
            horizon = policy.num_periods + 1
            arm = make_widowx(self.widowx, spec, clock, horizon=horizon, calibration=calibration) if is_arm else None
            robot = arm or robot_for(spec, clock, self.robot, horizon=horizon)
            robot.connect()
            stack.callback(robot.disconnect)
            subscribers: list[Subscriber] = [meter]
            if self.record is not None:
                recorder = Recorder(
                    self.record,
                    calibration=calibration.record(),
                    time_corrections=time_corrections(calibration, self.widowx, has_samples=False) if is_arm else {},
                    wait_when_full=isinstance(clock, ManualClock),
                )
                subscribers.append(stack.enter_context(recorder))
            loop = ControlLoop(
                robot,
                policy,
                clock=clock,
                subscribers=subscribers,
                config=LoopConfig(max_steps=policy.num_periods),
            )
            start = EpisodeStart(spec=robot.spec, task=recorded.task, source="replay", seed=seed)

            def drive() -> None:
                outcomes.append(loop.run_episode(start))

            if arm is None:
                drive()
            else:
                namespace = self.widowx.namespace if self.widowx.driver == "ros" else None
                stops = Stops(self.stops, arm.latch, stack, ros_namespace=namespace)
                stops.until_finished(drive, recover=arm.recover, what="the replay")
        self._report(outcomes[-1], meter.result())

    def _report(self, outcome: EpisodeOutcome, deviations: tuple[Deviation, ...]) -> None:
        success = {True: "succeeded", False: "did not succeed", None: "nobody judged"}[outcome.success]
        console.print(
            f"{plural(outcome.num_steps, 'step')} at {100 * self.replay.speed:g} % of the recorded speed, "
            f"{outcome.num_limited} changed by the safety limiter; the task: {success}"
        )
        table = Table("deviation", "mean", "largest", "at the end")
        for each in deviations:
            table.add_row(each.name, *(f"{value:.4f} {each.unit}" for value in (each.mean, each.largest, each.last)))
        console.print(table)
        if self.record is not None:
            console.print(f"recorded: {self.record}", soft_wrap=True)
