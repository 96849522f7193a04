"""What the side channel of the twin can do: one public method per request (`control_channel` carries them)."""

import math
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware import wx250s
from clam_robot.hardware.calibration.intrinsics import PARAMETERS, Intrinsics
from clam_robot.hardware.control_table import HardwareError
from sim.names import require_known
from sim.widowx.board_print import BOARD
from sim.widowx.faults import require_offset, require_rate, require_servo
from sim.widowx.photographer import Photographer
from sim.widowx.scene_board import SceneBoard
from sim.widowx.servo_model import NOMINAL_VOLTAGE
from sim.widowx.trace import Trace
from sim.widowx.truth import COLUMNS
from sim.widowx.twin import Twin
from sim.widowx.twin_state import twin_state

_LARGEST_PICTURE = 2048  # [pixel]
_HIGHEST_VOLTAGE = 30.0  # [V]
FAULTS = (
    "overload",
    "overheating",
    "reboot",
    "lost",
    "drop",
    "corrupt",
    "latency",
    "picture_latency",
    "offset",
    "reversed",
    "voltage",
    "unplug",
    "clear",
)


class TwinRequests:
    """Answers the requests of one twin.

    Attributes:
        handlers: by name.
    """

    def __init__(self, twin: Twin, trace: Trace, photographer: Photographer, board: SceneBoard | None = None) -> None:
        self._twin = twin
        self._physics = twin.physics
        self._trace = trace
        self._photographer = photographer
        self._board = board
        self._shifts: dict[str, RigidTransform] = {}
        names = ("describe", "reset", "place", "state", "trace", "log", "frame", "fault", "load", "usage")
        self.handlers = {name: getattr(self, name) for name in (*names, "board", "shift")}

    def describe(self) -> dict[str, Any]:
        """Port, speed, task, cameras, physics period [s] and the columns of a trace's rows."""
        model = self._physics.model
        return {
            "port": str(self._twin.port.path),
            "speed": self._twin.speed,
            "task": self._physics.task.name,
            "cameras": self._cameras(),
            "period": float(model.opt.timestep),
            "columns": list(COLUMNS),
            "faults": list(FAULTS),
        }

    def reset(self, seed: int = 0, keep_arm: bool = False) -> None:
        """Lay the scene out anew; the arm goes back to sleep, its servos as delivered, unless it is kept.

        What the trace has seen so far is forgotten: a jump is no motion.
        """
        self._physics.reset(seed, keep_arm=keep_arm)
        self._trace.take()

    def place(self, position: Sequence[float], finger: float | None = None) -> None:
        """Put the arm at rest at joint angles [rad], fingers at a distance [m]; servos with torque hold it there.

        What the trace has seen so far is forgotten.
        """
        if len(position) != wx250s.NUM_JOINTS or not np.isfinite(position).all():
            raise ConfigError(f"position needs {wx250s.NUM_JOINTS} finite angles, found {list(position)}")
        self._physics.place(np.asarray(position, float), finger)
        self._trace.take()

    def state(self) -> dict[str, Any]:
        """A `truth.TwinState`."""
        return config.to_dict(twin_state(self._physics, self._trace.contacts))

    def log(self, is_on: bool) -> None:
        """Whether `trace` keeps a row for every physics step."""
        self._trace.is_logging = is_on

    def trace(self) -> dict[str, Any]:
        """A `truth.TraceReport` of the time since the last one, and the logged rows, float64, steps x columns.

        There is one trace: of several clients that ask, each gets what came after the other's question.
        """
        report, rows = self._trace.take()
        return {"report": config.to_dict(report), "rows": rows.tobytes()}

    def frame(
        self, camera: str, height: int = 240, width: int = 320, lens: Sequence[float] | None = None
    ) -> "Future[dict[str, Any]]":
        """A picture, RGB, uint8, of the scene now, the simulated time it shows [s], and when that was on the clock.

        Args:
            camera: its name.
            height: of the picture [pixel].
            width: of it [pixel].
            lens: fx, fy, cx, cy, k1, k2, p1, p2, k3 as OpenCV counts them [pixel]; None is the scene's own pinhole.

        Returns:
            "time": simulated; older with "picture_latency". "stamp": on the machine's monotonic clock, when a camera
            without that fault saw it.
        """
        require_known(camera, self._cameras(), what="camera")
        if not (0 < height <= _LARGEST_PICTURE and 0 < width <= _LARGEST_PICTURE):
            raise ConfigError(f"a picture has 1 to {_LARGEST_PICTURE} pixels either way, found {height} x {width}")
        through = None if lens is None else _lens(lens, height, width)
        taken_at, state = self._twin.scene_now()
        stamp = self._twin.simulated_until
        answer: Future[dict[str, Any]] = Future()

        def deliver(picture: "Future[Any]") -> None:
            if error := picture.exception():
                answer.set_exception(error)
            else:
                answer.set_result({"time": taken_at, "stamp": stamp, "pixels": picture.result().tobytes()})

        place = None if self._board is None else self._board.for_picture(camera)
        if place is not None and BOARD in self._shifts:
            place = replace(place, pose=place.pose * self._shifts[BOARD])
        shift = self._shifts.get(camera)
        self._photographer.order(state, camera, height, width, through, place, shift).add_done_callback(deliver)
        return answer

    def board(self, where: str) -> None:
        """Put the calibration board on the "table", in the "gripper", or hold it before a camera by its name."""
        if self._board is None:
            raise ConfigError("the scene has no board; start `clam twin --board table`")
        self._board.put(where)

    def shift(self, thing: str, by: Sequence[float]) -> None:
        """Move a camera, by its name, or the "board" from where it was at first: as if somebody had knocked against it.

        Args:
            thing: that is moved.
            by: dx, dy, dz [m] and the rotation vector [rad], in its own frame: x right, y down, z forwards in a
                camera's picture, into the print of the board. Zeros bring it back.
        """
        require_known(thing, [*self._cameras(), BOARD], what="thing that can be moved")
        if len(by) != 6 or not np.isfinite(by).all():
            raise ConfigError(f"by: expected six finite numbers, found {list(by)}")
        self._shifts[thing] = RigidTransform.from_components(by[:3], Rotation.from_rotvec(by[3:]))

    def fault(self, name: str, servo: str | None = None, value: float | None = None) -> None:
        """Make something go wrong, or right again.

        Args:
            name: "overload", "overheating": raise that hardware error of a servo. "reboot": a servo restarts by itself.
                "lost": it stays silent. "drop", "corrupt": share of packets. "latency": before each answer [s].
                "offset": by how much the servos of a joint are mounted askew: true minus reported angle [rad].
                "reversed": they are mounted the wrong way round: it turns the other way than they say.
                "picture_latency": age of the scene in a picture [s]. "voltage": of the supply [V]. "unplug": the port
                vanishes. "clear": all of these are repaired, hardware errors excepted, which take a reboot.
            servo: which, where it is one's.
            value: how much; for "lost", "reversed" and "unplug" 0 repairs it, anything else is as none given.
        """
        require_known(name, FAULTS, what="fault")
        faults = self._twin.faults
        match name:
            case "overload" | "overheating":
                self._servo(servo).raise_error(HardwareError[name.upper()])
            case "reboot":
                self._servo(servo).reboot()
            case "lost":
                change = faults.lost.discard if value == 0 else faults.lost.add
                change(self._servo(servo).description.name)
            case "drop":
                faults.drop_rate = require_rate("drop", value or 0.0)
            case "corrupt":
                faults.corrupt_rate = require_rate("corrupt", value or 0.0)
            case "latency":
                faults.latency = _require_latency(value or 0.0)
            case "picture_latency":
                faults.picture_latency = _require_latency(value or 0.0)
            case "offset":
                self._physics.mount(self._servo(servo).description.name, require_offset(value or 0.0))
            case "reversed":
                self._physics.reverse(self._servo(servo).description.name, value != 0)
            case "voltage":
                self._physics.supply_voltage = NOMINAL_VOLTAGE if value is None else _require_voltage(value)
            case "unplug":
                faults.is_unplugged = value != 0
            case _:
                faults.clear()
                for each in wx250s.JOINT_NAMES:
                    self._physics.mount(each, 0.0)
                    self._physics.reverse(each, False)
                self._physics.supply_voltage = NOMINAL_VOLTAGE

    def load(self, joint: str, torque: float) -> None:
        """Put a torque [Nm] on a joint or the gripper's crank from outside, until changed or reset."""
        names = (*wx250s.JOINT_NAMES, wx250s.GRIPPER)
        require_known(joint, names, what="joint")
        if not math.isfinite(torque):
            raise ConfigError(f"a torque must be finite, found {torque}")
        self._physics.external_torque[names.index(joint)] = float(torque)

    def usage(self) -> dict[str, float]:
        """How the twin itself fares: CPU time of its process [s], lost time [s], instructions and damaged packets."""
        twin = self._twin
        return {
            "cpu_seconds": time.process_time(),
            "simulated_seconds": self._physics.time,
            "lost_time": twin.lost_time,
            "num_instructions": twin.bus.num_instructions,
            "num_rejected": twin.wire.reader.num_rejected,
            "num_collisions": twin.wire.num_collisions,
        }

    def _cameras(self) -> list[str]:
        model = self._physics.model
        return [model.camera(i).name for i in range(model.ncam)]

    def _servo(self, name: str | None) -> Any:  # noqa: ANN401
        return require_servo(name or "none given", self._physics.servos)


def _require_voltage(value: float) -> float:
    if not 0.0 <= value <= _HIGHEST_VOLTAGE:
        raise ConfigError(f"voltage must be between 0 and {_HIGHEST_VOLTAGE} V, found {value}")
    return value


def _lens(numbers: Sequence[float], height: int, width: int) -> Intrinsics:
    if len(numbers) != len(PARAMETERS) or not np.isfinite(numbers).all():
        raise ConfigError(f"a lens has {len(PARAMETERS)} finite numbers, {', '.join(PARAMETERS)}; found {numbers}")
    return Intrinsics(width=width, height=height, fx=1.0, fy=1.0, cx=0.0, cy=0.0).with_vector(np.array(numbers, float))


def _require_latency(value: float) -> float:
    if not 0.0 <= value < math.inf:
        raise ConfigError(f"latency must be a number of seconds, 0 or more, found {value}")
    return value
