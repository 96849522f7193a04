"""Latency of command, joints and cameras, from one motion that all of them saw.

    set-point ──command──> joints move ──state──> stamp of the joints
                                └───────camera──> stamp of a frame

A motion tells how far the stamps of joints and frames lie behind set-points and one another: command + state, and
camera - state. One more delay added to all stamps shows in none of them. So the state's latency is given, 0 where
nobody knows better, and bounded: no command is obeyed before it is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from calibration.delay_fit import DelayConfig, DelayFit, fit_delay
from calibration.delay_signals import LEAST_SWING, JointMotion, Sight
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.latency_calibration import Latency

_COMMANDS = DelayConfig(low=-0.05, high=0.6)
JOINTS = "joints"


@dataclass(frozen=True, kw_only=True, eq=False)
class LatencyViews:
    """One motion, as everybody stamped it.

    Attributes:
        reported: where the joints were.
        told: their set-points, by the time the driver was handed them; None where they are not known.
        cameras: what each saw.
    """

    reported: JointMotion
    told: JointMotion | None
    cameras: Mapping[str, Sight]


@dataclass(frozen=True, kw_only=True)
class LatencyFit:
    """What a motion tells.

    Attributes:
        joints: how far reported joints lie behind their set-points; None where those are not known.
        cameras: how far frames lie behind the joints, by camera.
        problems: why a path has no answer, by camera or "joints".
        state: latency of the state that the rest is told by [s].
    """

    joints: DelayFit | None
    cameras: Mapping[str, DelayFit]
    problems: Mapping[str, str] = field(default_factory=dict[str, str])
    state: float = 0.0

    @property
    def state_latency(self) -> Latency:
        """As given, between nothing and the whole way from a set-point to the stamp of the joints."""
        if self.joints is None:
            return Latency(seconds=self.state, low=self.state, high=self.state)
        return Latency(seconds=self.state, low=min(0.0, self.state), high=max(self.joints.high, self.state))

    @property
    def command_latency(self) -> Latency | None:
        """From a set-point to the joints being there."""
        return None if self.joints is None else _shifted(self.joints, -self.state)

    def camera_latency(self, camera: str, applied: float) -> Latency:
        """From the middle of the exposure to the stamp.

        Args:
            camera: its name.
            applied: what had been taken off its stamps already [s].
        """
        return _shifted(self.cameras[camera], self.state + applied)


def fit_latency(views: LatencyViews, *, state: float = 0.0) -> LatencyFit:
    """Latency of every path that the motion tells; one that it does not tell is named with its reason.

    Args:
        views: of the motion.
        state: from the measurement of the joints to their stamp, as far as it is known [s].

    Raises:
        ConfigError: a latency that none is.
    """
    if not 0.0 <= state < 0.5:
        raise ConfigError(f"state latency: expected 0 s or more and less than 0.5 s, found {state:g}")
    problems: dict[str, str] = {}
    cameras: dict[str, DelayFit] = {}
    joints: DelayFit | None = None
    if views.told is not None:
        # A joint follows its own set-points; what the others do meanwhile is weight and play.
        swung = views.told.swing >= LEAST_SWING
        seen = Sight(begin=None, end=views.reported.time, values=views.reported.position[:, swung], kind=JOINTS)
        try:
            joints = fit_delay(views.told, seen, _COMMANDS)
        except CalibrationError as error:
            problems[JOINTS] = str(error)
    for name, sight in views.cameras.items():
        try:
            cameras[name] = fit_delay(views.reported, sight)
        except CalibrationError as error:
            problems[name] = str(error)
    return LatencyFit(joints=joints, cameras=cameras, problems=problems, state=state)


def _shifted(fit: DelayFit, by: float) -> Latency:
    return Latency(seconds=fit.delay + by, low=fit.low + by, high=fit.high + by, correlation=round(fit.correlation, 4))
