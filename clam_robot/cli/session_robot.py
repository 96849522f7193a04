"""The robot of a recording session: the arm, or a simulated one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from clam_robot.cli.calibration_in_use import calibration_in_use, no_calibration, time_corrections
from clam_robot.cli.widowx import WIDOWX, ArmAddress, WidowXOptions, make_widowx
from clam_robot.episodes.recorder import Recorder
from clam_robot.errors import ConfigError
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.hardware.widowx import WidowX
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.interfaces import TaskRobot
from clam_robot.timing import Clock
from sim.registry import make_robot

_ENDLESS = 10**9  # control periods


@dataclass(frozen=True, kw_only=True)
class ArmOptions(ArmAddress):
    """The arm, or what sees a simulated one.

    Attributes:
        bench_task: what the twin behind the bench was started with.
        views: cameras of a simulated scene to record.
        view_size: height and width of their pictures [pixel].
        calibration: of the arm, file of `clam calibrate`; `calibration.json` of this folder by default, where there is
            one; "none" uses none. It has to be of this arm and these cameras, and goes into every episode.
    """

    bench_task: str | None = None
    views: tuple[str, ...] = ()
    view_size: tuple[int, int] = (224, 224)
    calibration: Path | None = None


@dataclass(frozen=True, kw_only=True)
class SessionRobot:
    """A robot, not yet connected, and what a session needs to know of it.

    Attributes:
        robot: itself.
        latch: of its stop.
        recover: makes it ready after a stop was cleared.
        port: of its servos; "" without.
        ros_namespace: where a topic stops it, too; None without ROS.
        what_comes: what the person should expect when it is connected; "" for nothing.
        details: for displays.
        joints: names of those whose samples come between steps.
        depth_units: of the depth that comes with frames, by camera [m]; known once it is connected.
        listen: has a recorder take what joints and cameras measure between steps.
        calibration: as it goes into every episode; None without.
        time_corrections: what is taken off the times of each array of an episode [s].
    """

    robot: TaskRobot
    latch: StopLatch
    recover: Callable[[], object] = lambda: None
    port: str = ""
    ros_namespace: str | None = None
    what_comes: str = ""
    details: Mapping[str, str] = field(default_factory=dict[str, str])
    joints: tuple[str, ...] = ()
    depth_units: Callable[[], Mapping[str, float]] = dict
    listen: Callable[[Recorder], None] = lambda recorder: None
    calibration: dict[str, Any] | None = None
    time_corrections: Mapping[str, float] = field(default_factory=dict[str, float])


def make_session_robot(name: str, options: ArmOptions, clock: Clock) -> SessionRobot:
    """The robot of this name; simulated ones run in real time and without an end.

    Raises:
        UnknownRobot: no such robot, task or camera.
        ConfigError: options that do not fit it.
    """
    if name != WIDOWX:
        if options.cameras is not None:
            raise ConfigError(
                f"--cameras: {name} is simulated, its cameras are those of the scene; give them with --views, "
                f"or drive the arm with --robot {WIDOWX}"
            )
        no_calibration(options.calibration, name)
        robot = make_robot(name, clock, cameras=options.views, image_size=options.view_size, horizon=_ENDLESS)
        return SessionRobot(robot=robot, latch=StopLatch(), details=_cameras(options.views))
    if options.views:
        raise ConfigError("--views: the arm's cameras stand in a file, --cameras cameras.toml")
    address = {each.name: getattr(options, each.name) for each in fields(ArmAddress)}
    where = WidowXOptions(**address, task=options.bench_task)
    calibration = calibration_in_use(options.calibration, where)
    arm = make_widowx(where, None, clock, horizon=_ENDLESS, calibration=calibration)
    return SessionRobot(
        robot=arm,
        latch=arm.latch,
        recover=arm.recover,
        port=options.port if options.driver == "dynamixel" else "",
        ros_namespace=options.namespace if options.driver == "ros" else None,
        what_comes="the arm is found and prepared; it goes to its start and tries itself when the first episode begins",
        details=_cameras(tuple(arm.spec.cameras)),
        joints=JOINT_NAMES,
        depth_units=arm.depth_units,
        listen=partial(record_between_steps, arm),
        calibration=calibration.record(),
        time_corrections=time_corrections(calibration, where, has_samples=True),
    )


def record_between_steps(arm: WidowX, recorder: Recorder) -> None:
    """Have a recorder take every sample of the joints and every frame, at their own rates."""
    arm.listen(lambda state: recorder.on_joints(state.time, state.position, state.velocity, state.effort))
    arm.listen_to_cameras(recorder.on_frame)


def _cameras(names: tuple[str, ...]) -> dict[str, str]:
    return {"cameras": ", ".join(names) or "none"}
