"""`clam run`."""

import itertools
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NoReturn

import tyro

from clam_robot.cli.arguments import require_positive
from clam_robot.cli.calibration_in_use import calibration_in_use, no_calibration, time_corrections
from clam_robot.cli.console import console, plural, progress_bars
from clam_robot.cli.stops import StopOptions, Stops
from clam_robot.cli.widowx import WIDOWX, CalibratedWidowX, make_widowx
from clam_robot.control.background_policy import BackgroundPolicy
from clam_robot.control.latest_only import LatestOnly
from clam_robot.control.merge_rule import MergeChoice
from clam_robot.control.success_rate import SuccessRate
from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.episodes.recorder import Recorder
from clam_robot.episodes.stores.place import require_folder
from clam_robot.errors import ConfigError
from clam_robot.interfaces import AsyncPolicy, Policy, Subscriber
from clam_robot.timing import Clock, ManualClock, MonotonicClock
from clam_robot.types import EpisodeOutcome
from sim.base import SimulatedRobot
from sim.collect import FIRST_SEED
from sim.robot_for_spec import robot_for
from sim.rollouts import run_rollouts
from teleop.stop_on_silence import stop_on_silence

_JUST_STARTED = "just started"


@dataclass(frozen=True, kw_only=True)
class Command:
    """Drive a robot with a checkpoint, or with a policy server.

    Attributes:
        checkpoint: folder written by `clam train`; either this or --server.
        server: address of `clam serve`, ws://127.0.0.1:8000.
        robot: name of the robot; the one the policy was trained for by default. widowx is the arm itself.
        widowx: where the arm is.
        stops: how a person stops it.
        episodes: how many to run.
        seed: of the first scene; scenes are numbered on from it.
        record: folder to record the episodes into.
        video: MP4 file of the first three episodes.
        camera: camera of the video.
        real_time: pace the simulation by the clock on the wall instead of as fast as it goes.
        asynchronous: infer beside the loop, which never waits: it acts by the chunks it has, and holds where none is
            due. For policies that answer with chunks, in real time.
        jpeg_quality: with --asynchronous, images travel to the server as JPEG of this quality [1 .. 100].
        replan_every: control periods between two inferences; by default every one, and asynchronously as the chunks'
            length and the latency ask for.
        patience: how long the robot holds while no action or observation comes, as while a server starts anew, before
            the run is given up [s]; 50 control periods by default.
        merge: how chunks that are due at the same time become one action.
        wait_for_person: with the arm, nothing moves before a person clears a stop, nor after every --episodes, which
            are then repeated with new scenes; a policy that fails stops the arm.
    """

    checkpoint: Path | None = None
    server: str | None = None
    robot: str | None = None
    widowx: Annotated[CalibratedWidowX, tyro.conf.OmitArgPrefixes] = field(default_factory=CalibratedWidowX)
    stops: Annotated[StopOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=StopOptions)
    episodes: int = 10
    seed: int = FIRST_SEED["evaluation"]
    record: Path | None = None
    video: Path | None = None
    camera: str = "corner2"
    real_time: bool = False
    asynchronous: bool = False
    jpeg_quality: int | None = None
    replan_every: int | None = None
    patience: float | None = None
    merge: MergeChoice = field(default_factory=LatestOnly)
    wait_for_person: bool = False

    def run(self) -> None:
        """Run the episodes and say how they went."""
        require_positive(episodes=self.episodes)
        if self.record is not None:
            require_folder(self.record, "--record")
        if self.replan_every is not None:
            require_positive(replan_every=self.replan_every)
        if self.patience is not None and not 0 < self.patience < math.inf:
            raise ConfigError(f"--patience: expected a number of seconds above 0, found {self.patience}")
        is_real_time = self.real_time or self.robot == WIDOWX
        if self.asynchronous and not is_real_time:
            raise ConfigError(
                "--asynchronous: expected real time, found a simulation that waits for its policy; "
                f"add --real-time, or drive the arm with --robot {WIDOWX}"
            )
        if self.wait_for_person and self.robot != WIDOWX:
            raise ConfigError(f"--wait-for-person: expected --robot {WIDOWX}, found a simulation that harms nobody")
        is_arm = self.robot == WIDOWX
        asked = self.widowx.calibration
        calibration = calibration_in_use(asked, self.widowx) if is_arm else no_calibration(asked, self.robot or "it")
        with ExitStack() as stack:
            if self.record is not None:
                stack.enter_context(folder_lock(self.record, "clam run --record"))
            clock = MonotonicClock() if is_real_time else ManualClock()
            policy = self._asynchronous_policy(stack, clock) if self.asynchronous else self._policy(stack)
            arm = make_widowx(self.widowx, policy.spec, clock, calibration=calibration) if is_arm else None
            robot = arm or robot_for(policy.spec, clock, self.robot)
            if arm is not None and self.wait_for_person:
                policy = stop_on_silence(policy, arm.latch)
            robot.connect()
            stack.callback(robot.disconnect)
            subscribers: list[Subscriber] = []
            if self.record is not None:
                recorder = Recorder(
                    self.record,
                    calibration=calibration.record(),
                    time_corrections=time_corrections(calibration, self.widowx, has_samples=False) if is_arm else {},
                    wait_when_full=isinstance(clock, ManualClock),
                )
                subscribers.append(stack.enter_context(recorder))
            if self.video is not None:
                if not isinstance(robot, SimulatedRobot):
                    raise ConfigError("a video is filmed in simulation; record cameras with --record instead")
                from sim.video import RolloutVideo, film

                film_of = RolloutVideo(robot, self.video, title=robot.spec.name, camera=self.camera)
                subscribers.append(stack.enter_context(film(film_of)))
            outcomes: list[EpisodeOutcome] = []
            bars = stack.enter_context(progress_bars())
            task = bars.add_task(robot.spec.name, total=self.episodes, note="")

            def show(scene: int, outcome: EpisodeOutcome) -> None:
                outcomes.append(outcome)
                bars.update(task, total=math.ceil(len(outcomes) / self.episodes) * self.episodes)  # of every go so far
                bars.show(task, len(outcomes), f"success {SuccessRate.of(outcomes)}")

            def run(scenes: Sequence[int]) -> None:
                run_rollouts(
                    robot,
                    policy,
                    clock,
                    scenes,
                    subscribers=subscribers,
                    on_outcome=show,
                    merge=self.merge,
                    replan_every=self.replan_every,
                    max_held=None if self.patience is None else math.ceil(self.patience * robot.spec.control_hz),
                )

            scenes = range(self.seed, self.seed + self.episodes)
            try:
                if arm is None:
                    run(scenes)
                else:
                    namespace = self.widowx.namespace if self.widowx.driver == "ros" else None
                    if self.wait_for_person:  # from the page's first answer on
                        arm.latch.stop(detail=f"{_JUST_STARTED}; waiting for a person")
                    stops = Stops(self.stops, arm.latch, stack, ros_namespace=namespace)
                    if self.wait_for_person:
                        self._run_rounds(run, stops, arm.recover, outcomes)
                    for scene in scenes:
                        stops.until_finished(
                            lambda scene=scene: run([scene]), recover=arm.recover, what=f"scene {scene}"
                        )
            finally:
                stack.close()
                self._report(outcomes)

    def _run_rounds(
        self,
        run: Callable[[Sequence[int]], None],
        stops: Stops,
        recover: Callable[[], None],
        outcomes: list[EpisodeOutcome],
    ) -> NoReturn:
        """Scenes, as many as a person's go allows, for ever."""
        done = _JUST_STARTED
        for scene in itertools.count(self.seed):
            if (scene - self.seed) % self.episodes == 0:
                stops.await_person(done, recover=recover)
            stops.until_finished(lambda scene=scene: run([scene]), recover=recover, what=f"scene {scene}")
            done = f"{plural(len(outcomes), 'episode')}, success {SuccessRate.of(outcomes)}"
        raise AssertionError("scenes have no end")

    def _asynchronous_policy(self, stack: ExitStack, clock: Clock) -> AsyncPolicy:
        if self.server is None or self.checkpoint is not None:
            return stack.enter_context(BackgroundPolicy(self._policy(stack), clock))
        from policy_server.stream_client import StreamPolicy

        return stack.enter_context(StreamPolicy(self.server, jpeg_quality=self.jpeg_quality, clock=clock))

    def _policy(self, stack: ExitStack) -> Policy:
        if (self.checkpoint is None) == (self.server is None):
            raise ConfigError(
                "give either --checkpoint (a folder written by `clam train`) or --server (ws://HOST:PORT)"
            )
        if self.server is not None:
            from policy_server.client import RemotePolicy

            if self.wait_for_person:  # every loss is told, even one of a moment
                return stack.enter_context(RemotePolicy(self.server, max_reconnects=0))
            return stack.enter_context(RemotePolicy(self.server))
        from clam_robot.models.checkpoint import load_policy

        assert self.checkpoint is not None
        return load_policy(self.checkpoint)[0]

    def _report(self, outcomes: list[EpisodeOutcome]) -> None:
        if not outcomes:
            return
        console.print(
            f"{plural(len(outcomes), 'episode')}, success {SuccessRate.of(outcomes)} with its 95 % Wilson interval"
        )
        for what, path in (("episodes", self.record), ("video", self.video)):
            if path is not None:
                console.print(f"{what}: {path}")
