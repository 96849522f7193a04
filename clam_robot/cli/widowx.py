"""The WidowX as commands reach it: over its servo bus or ROS, with or without cameras and a bench."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from clam_robot.errors import ConfigError, SpecMismatch
from clam_robot.hardware.bench import Bench
from clam_robot.hardware.calibration.in_use import CalibrationInUse
from clam_robot.hardware.cameras.cameras_file import load_cameras
from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.timing import Clock

if TYPE_CHECKING:
    from clam_robot.hardware.widowx import WidowX

WIDOWX = "widowx"


@dataclass(frozen=True, kw_only=True)
class ArmAddress:
    """Where the arm is, and what sees it.

    Attributes:
        driver: dynamixel: straight over the servos' serial port; ros: through an xs_sdk node.
        port: serial port of the servos.
        reply_timeout: on it, how long a servo may think before it answers [s]; more where a twin shares a busy machine.
        namespace: of the node.
        arm_serial: what tells this arm from others, where its port does not, as over ROS.
        cameras: file with the arm's cameras (cameras.toml), as `clam cameras` tries them.
        bench: address of a twin's side channel, HOST:PORT, which knows where things are and when the task is done.
    """

    driver: Literal["dynamixel", "ros"] = "dynamixel"
    port: str = "/dev/ttyDXL"
    reply_timeout: float = 0.034
    namespace: str = "wx250s"
    arm_serial: str | None = None
    cameras: Path | None = None
    bench: str | None = None


@dataclass(frozen=True, kw_only=True)
class WidowXOptions(ArmAddress):
    """The arm, and its task.

    Attributes:
        task: what the twin was started with; the policy's by default.
    """

    task: str | None = None


@dataclass(frozen=True, kw_only=True)
class CalibratedWidowX(WidowXOptions):
    """The arm, its task, and what was found out about it.

    Attributes:
        calibration: file of `clam calibrate`; `calibration.json` of this folder by default, where there is one; "none"
            uses none. It has to be of this arm and these cameras, and goes into every episode.
    """

    calibration: Path | None = None


def make_widowx(
    options: WidowXOptions,
    spec: RobotSpec | None,
    clock: Clock,
    *,
    horizon: int | None = None,
    calibration: CalibrationInUse | None = None,
) -> "WidowX":
    """A WidowX that fits what a policy was made for, not yet connected.

    Args:
        options: where it is.
        spec: of the policy's robot: its rate and gripper are taken over; None for whoever takes the arm as it is.
        clock: real.
        horizon: control periods per episode, where a bench judges; None for the bench's own.
        calibration: by which joints, fingers and the times of joints and frames are corrected; none corrects nothing.

    Raises:
        SpecMismatch: the arm does not fit; names the entries.
    """
    from clam_robot.hardware.arm_controller import ArmConfig
    from clam_robot.hardware.widowx import WidowX, WidowXConfig
    from clam_robot.hardware.widowx_spec import POSE_ACTION, ActionConfig

    calibration = calibration or CalibrationInUse(driver=options.driver)
    driver = calibration.corrected_driver(driver_of(options, clock))
    arm = ArmConfig(sag=calibration.sag())
    bench = _bench(options, spec, clock, horizon, calibration)
    if spec is None:
        return WidowX(driver, clock, WidowXConfig(arm=arm), bench=bench)
    gripper = "binary" if spec.gripper is None else spec.gripper.mode
    space = "pose" if spec.action.names[: len(POSE_ACTION)] == POSE_ACTION else "joints"
    try:
        action = ActionConfig(hz=spec.control_hz, gripper=gripper, space=space)
    except ConfigError as error:
        raise SpecMismatch(f"a policy for {spec.name} does not fit the WidowX: {error}") from None
    robot = WidowX(driver, clock, WidowXConfig(action=action, arm=arm), bench=bench)
    try:
        spec.require(robot.spec, what=f"policy for {spec.name} on the WidowX")
    except SpecMismatch as error:
        if options.bench is not None:
            raise
        raise SpecMismatch(f"{error}; where things lie a twin alone tells, with --bench HOST:PORT") from None
    return robot


def driver_of(options: ArmAddress, clock: Clock) -> JointDriver:
    """The way to the joints, not yet connected."""
    if options.driver == "ros":
        from clam_robot.hardware.ros_driver import RosConfig, RosDriver

        return RosDriver(RosConfig(namespace=options.namespace), clock)
    from clam_robot.hardware.dynamixel_driver import DynamixelConfig, DynamixelDriver

    # One answer that takes all its time makes no state too old.
    stale_after = max(DynamixelConfig().stale_after, 2.0 * options.reply_timeout)
    setup = DynamixelConfig(port=options.port, reply_timeout=options.reply_timeout, stale_after=stale_after)
    return DynamixelDriver(setup, clock)


def _bench(
    options: WidowXOptions,
    spec: RobotSpec | None,
    clock: Clock,
    horizon: int | None,
    calibration: CalibrationInUse,
) -> Bench | None:
    wanted = {} if spec is None else spec.cameras
    if options.cameras is None:
        return _twin_bench(options, spec, wanted, clock, horizon)
    from clam_robot.cli.camera_rig import rig_of
    from clam_robot.hardware.cameras.camera_bench import CameraBench

    cameras = calibration.aligned_cameras(load_cameras(options.cameras))
    drawn = {name: size for name, size in wanted.items() if name not in cameras.cameras}
    return CameraBench(
        rig_of(cameras, clock),
        task=options.task or "",
        max_age=cameras.max_age,
        open_timeout=cameras.open_timeout,
        beside=_twin_bench(options, spec, drawn, clock, horizon),
        admit=calibration.admit,
    )


def _twin_bench(
    options: WidowXOptions, spec: RobotSpec | None, cameras: Mapping[str, CameraSpec], clock: Clock, horizon: int | None
) -> Bench | None:
    if options.bench is None:
        return None
    from sim.widowx.twin_bench import TwinBench

    host, colon, port = options.bench.rpartition(":")
    if not colon or not port.isdigit():
        raise ConfigError(f"bench: expected HOST:PORT as `clam twin` prints it, found {options.bench!r}")
    task = options.task or ("" if spec is None else spec.name.partition(":")[2])
    if not task:
        raise ConfigError("bench: give the task that the twin was started with, --task")
    return TwinBench(
        (host, int(port)), task=task, clock=clock, cameras=dict(cameras), horizon=horizon or TwinBench.HORIZON
    )
