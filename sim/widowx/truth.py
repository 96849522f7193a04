"""What really happens in the scene, as the twin tells those who ask; no servo knows it."""

from dataclasses import dataclass
from typing import Literal

from clam_robot import config
from clam_robot.hardware import wx250s

# Columns of a row that is logged for every physics step: s, rad, m, rad/s, Nm.
COLUMNS = (
    "time",
    *(f"{name}_position" for name in wx250s.JOINT_NAMES),
    "finger",
    *(f"{name}_velocity" for name in wx250s.JOINT_NAMES),
    *(f"{name}_torque" for name in (*wx250s.JOINT_NAMES, wx250s.GRIPPER)),
)
Vector = tuple[float, ...]
# What an arm's link meets: another of its links, something that is fixed, or something that can be moved.
Kind = Literal["self", "scene", "object"]


@dataclass(frozen=True, kw_only=True)
class Contact(config.Strict):
    """Two geoms that touch.

    Attributes:
        geoms: their names, the arm's first.
        kind: what the arm meets.
        depth: how far they overlap [m].
        force: pressing them together [N].
    """

    geoms: tuple[str, str]
    kind: Kind
    depth: float
    force: float


@dataclass(frozen=True, kw_only=True)
class Collision(config.Strict):
    """Two geoms that have touched since the last report.

    Attributes:
        geoms: their names, the arm's first.
        kind: what the arm meets.
        first_time: of the first contact [s].
        num_steps: physics steps in contact.
        depth: largest overlap [m].
        force: largest force between them [N].
    """

    geoms: tuple[str, str]
    kind: Kind
    first_time: float
    num_steps: int
    depth: float
    force: float


@dataclass(frozen=True, kw_only=True)
class TwinState(config.Strict):
    """Everything at one moment. Angles [rad], in the order of `wx250s.JOINT_NAMES`.

    Attributes:
        time: simulated [s].
        position: (6,) joint angles [rad].
        velocity: (6,) [rad/s].
        torque: (7,) of the servos on the joints, two where there are two, and on the gripper's crank [Nm].
        finger: distance of the fingers from the middle [m].
        tool: (7,) where the tool frame is: x, y, z [m], quaternion w, x, y, z.
        contacts: between the arm and anything.
        objects: (7,) poses of the free bodies, as `tool`.
        points: (3,) what the task measures on its bench [m].
        temperature: (9,) of the servos [degree C].
        errors: (9,) Hardware_Error_Status of the servos.
        torque_on: (9,) whether they drive.
        voltage: at the servos [V].
        success: whether the task is solved.
        reward: of the task at this moment.
    """

    time: float
    position: Vector
    velocity: Vector
    torque: Vector
    finger: float
    tool: Vector
    contacts: tuple[Contact, ...]
    objects: dict[str, Vector]
    points: dict[str, Vector]
    temperature: Vector
    errors: tuple[int, ...]
    torque_on: tuple[bool, ...]
    voltage: float
    success: bool
    reward: float


@dataclass(frozen=True, kw_only=True)
class TraceReport(config.Strict):
    """The extremes of every physics step since the last report.

    Attributes:
        start: of the first step [s].
        end: of the last one [s].
        num_steps: how many.
        max_speed: (6,) largest |velocity| [rad/s].
        max_torque: (7,) largest |torque| of the servos on each joint and the crank [Nm].
        low: (6,) smallest angles [rad].
        high: (6,) largest angles [rad].
        beyond_limit: (6,) how far each joint left its published limits at most, 0 for never [rad].
        max_tool_speed: of the tool frame [m/s].
        collisions: of the arm with anything.
        num_lost_rows: rows of the log that nobody fetched in time.
    """

    start: float
    end: float
    num_steps: int
    max_speed: Vector
    max_torque: Vector
    low: Vector
    high: Vector
    beyond_limit: Vector
    max_tool_speed: float
    collisions: tuple[Collision, ...]
    num_lost_rows: int
