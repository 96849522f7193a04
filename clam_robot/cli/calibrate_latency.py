"""`clam calibrate latency`."""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro

from calibration.episode_take import take_of
from calibration.filming import Filming
from calibration.joint_tap import JointTap
from calibration.latency import JOINTS, LatencyFit, fit_latency
from calibration.latency_record import beside, latency_record
from calibration.latency_report import report_latency
from calibration.swing import SwingConfig
from calibration.take import FilmedCamera, Take, TakeInfo, load_take, save_take, take_files
from clam_robot.cli.agreement import require_agreement
from clam_robot.cli.arm_identity import of_arm, serial_of
from clam_robot.cli.calibration_files import load_or_new, save, tell_date, utc_now
from clam_robot.cli.camera_rig import rig_of
from clam_robot.cli.console import console
from clam_robot.cli.stops import StopOptions, Stops
from clam_robot.cli.widowx import ArmAddress, driver_of
from clam_robot.cli.writable import require_writable
from clam_robot.episodes.reader import Episode
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.latency_calibration import Latency, LatencyCalibration
from clam_robot.hardware.cameras.camera_bench import CameraBench
from clam_robot.hardware.cameras.cameras_file import load_cameras
from clam_robot.timing import MonotonicClock


@dataclass(frozen=True, kw_only=True)
class LatencyCommand:
    """Find how late commands, joints and pictures are.

    Live, the arm goes to its start and swings one joint gently, some centimetres at the hand, for a quarter of a minute
    while all cameras of --cameras film it; each has to see the motion: a camera on the hand sees the table pass, one on
    a stand sees the arm. Ctrl-C or any key stops it. The take is kept, and --take does the same again from it;
    --episode takes a recorded episode instead, which tells of cameras only.

    A motion tells delays against one another, none that all stamps share: --state-latency is taken as given.

    Attributes:
        take: folder with an earlier take instead of arm and cameras.
        episode: folder of a recorded episode instead of arm and cameras.
        widowx: where the arm is; its `--cameras` are those that are looked at.
        swing: the motion.
        state_latency: from the measurement of the joints to their stamp, where it is known [s]; 0 by default, or what
            an episode was corrected by.
        yes: the arm may move without being asked for.
        stops: how a person stops it, beside keys.
        out: where the calibration is kept; all else in it stays.
        folder: for the take and its report.
    """

    take: Path | None = None
    episode: Path | None = None
    widowx: Annotated[ArmAddress, tyro.conf.OmitArgPrefixes] = field(default_factory=ArmAddress)
    swing: SwingConfig = field(default_factory=SwingConfig)
    state_latency: float | None = None
    yes: bool = False
    stops: Annotated[StopOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=StopOptions)
    out: Path = Path("calibration.json")
    folder: Path = Path("calibration/latency")

    def run(self) -> None:
        """Film, fit, tell, write.

        Raises:
            CalibrationError: a path has no answer; says which and why. What the others gave is written.
        """
        require_writable(self.out, self.folder)
        calibration = load_or_new(self.out)
        take = self._take()
        calibration = of_arm(calibration, take.info.arm_serial, self.out)
        with console.status("comparing what was seen with how the joints moved"):
            views = take.views()
            state = take.info.state_applied if self.state_latency is None else self.state_latency
            fit = fit_latency(views, state=state)
        self.folder.mkdir(parents=True, exist_ok=True)
        record = latency_record(fit, take.info, self._made_at(take.info))
        self._tell(fit, record)
        page = report_latency(self.folder, take.info, views, fit, record)
        console.print(f"report: {page}", markup=False, soft_wrap=True)
        if fit.cameras or fit.joints is not None:
            record = beside(calibration.latency, record)
            save(replace(calibration, latency=record), self.out)
        if fit.problems:
            raise CalibrationError("; ".join(fit.problems.values()))

    def _take(self) -> Take:
        if self.take is not None and self.episode is not None:
            raise ConfigError("--take, --episode: expected one of them, found both")
        if self.take is not None:
            return load_take(self.take)
        if self.episode is not None:
            return take_of(Episode(self.episode))
        take = self._film()
        save_take(take, self.folder)
        console.print(f"take: {self.folder}", markup=False, soft_wrap=True)
        return take

    def _made_at(self, info: TakeInfo) -> str:
        if self.take is not None:
            return tell_date(self.take, info.made_at, take_files(self.take))
        return info.made_at or utc_now()

    def _film(self) -> Take:
        from clam_robot.hardware.widowx import WidowX, WidowXConfig
        from clam_robot.hardware.widowx_spec import ActionConfig

        options, clock = self.widowx, MonotonicClock()
        if options.cameras is None:
            raise ConfigError("--cameras: give the file with the arm's cameras, or --take or --episode")
        require_agreement(
            f"the arm goes to its start and swings its {self.swing.joint} by {self.swing.amplitude:g} rad to either "
            f"side for {self.swing.seconds:g} s",
            self.yes,
        )
        setup = load_cameras(options.cameras)
        rig, filming = rig_of(setup, clock), Filming()
        bench = CameraBench(rig, max_age=setup.max_age, open_timeout=setup.open_timeout)
        action = ActionConfig(space="joints", hz=20.0)
        driver = JointTap(driver_of(options, clock), clock, filming.on_setpoint)
        robot = WidowX(driver, clock, WidowXConfig(action=action), bench=bench)
        with ExitStack() as stack:
            stack.callback(robot.disconnect)
            robot.listen(filming.on_joints)
            robot.listen_to_cameras(filming.on_frame)
            robot.connect()
            Stops(self.stops, robot.latch, stack, ros_namespace=options.namespace if options.driver == "ros" else None)
            robot.reset()
            try:
                with console.status("swinging") as status:
                    filming.swing(
                        robot, clock, self.swing, lambda share: status.update(f"swinging, {100 * share:.0f} % done")
                    )
            except KeyboardInterrupt:  # half a swing tells little, and an earlier take is worth more
                console.print("the swing was not whole and is not kept; an earlier take stays")
                raise
            cameras = {
                name: FilmedCamera(
                    serial=thread.camera.serial,
                    applied=setup.cameras[name].latency,
                    time_source=thread.camera.time_source,
                    fps=setup.cameras[name].fps,
                )
                for name, thread in rig.threads.items()
            }
        return filming.take(
            TakeInfo(driver=options.driver, arm_serial=serial_of(options), cameras=cameras, made_at=utc_now())
        )

    def _tell(self, fit: LatencyFit, record: LatencyCalibration) -> None:
        if fit.joints is not None and record.command is not None:
            console.print(f"{JOINTS}: {_in_words(record.command)} behind their set-points", markup=False)
            console.print(
                f"state: {1e3 * record.state.seconds:.1f} ms as given; with this motion it may be up to "
                f"{1e3 * record.state.high:.0f} ms",
                markup=False,
            )
        for name, camera in record.cameras.items():
            console.print(f"camera {name}: {_in_words(camera.latency)} from exposure to stamp", markup=False)


def _in_words(latency: Latency) -> str:
    half = 0.5 * (latency.high - latency.low)
    correlation = "" if latency.correlation is None else f", correlation {latency.correlation:.2f}"
    return f"{1e3 * latency.seconds:.1f} ms ± {1e3 * half:.1f}{correlation}"
