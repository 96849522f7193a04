"""What a phone says, thirty times a second, and nothing else: JSON in which every type and bound is checked."""

from dataclasses import dataclass

from pydantic import Field, TypeAdapter, ValidationError

from clam_robot import config
from clam_robot.errors import ConfigError
from teleop.device import AT_REST, Event, Fingers, Twist

# Far beyond any room [m], and beyond the life of any page [s]; quaternions are about unit length.
_FARTHEST, _LATEST = 1e3, 1e9
_MOST_EVENTS = 16


@dataclass(frozen=True, kw_only=True)
class Pose(config.Strict):
    """Where a controller or the phone itself is, in the reference space of WebXR: x right, y up, z backwards.

    Attributes:
        time: by the phone's clock, of which differences are used only [s].
        position: [m].
        rotation: quaternion x y z w.
        heading: which way the person looked when the clutch was closed, about y from along -z, to the left [rad].
    """

    time: float
    position: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    heading: float

    def __post_init__(self) -> None:
        if not all(abs(each) <= _FARTHEST for each in self.position) or not abs(self.time) <= _LATEST:
            raise ConfigError("pose: expected a place in a room and a time")
        if not 0.5 < sum(each * each for each in self.rotation) < 2.0:
            raise ConfigError(f"rotation: expected a quaternion of length 1, found {self.rotation}")
        if not abs(self.heading) <= 10.0:
            raise ConfigError(f"heading: expected an angle, found {self.heading}")


@dataclass(frozen=True, kw_only=True)
class PhoneMessage(config.Strict):
    """One message of the page.

    Attributes:
        number: counts up on each connection.
        seen: number of the newest tick that the page had from us.
        twist: of the pads, x y z roll pitch yaw as the person sees them, -1 .. 1.
        clutch: whether a pad, or the trigger, is held.
        speed: share of the set speed, above 0 .. 1.
        gripper: what the fingers are to do, once.
        events: said since the last message.
        pose: tracked; None while the pads drive.
    """

    number: int
    seen: int
    twist: Twist = AT_REST
    clutch: bool = False
    speed: float = 1.0
    gripper: Fingers | None = None
    events: tuple[Event, ...] = Field(default=(), max_length=_MOST_EVENTS)
    pose: Pose | None = None

    def __post_init__(self) -> None:
        if not all(abs(each) <= 1.0 for each in self.twist):
            raise ConfigError(f"twist: expected six numbers from -1 to 1, found {self.twist}")
        if not 0.0 < self.speed <= 1.0:
            raise ConfigError(f"speed: expected above 0 and at most 1, found {self.speed}")


_ADAPTER = TypeAdapter(PhoneMessage)


def parse_message(text: str | bytes) -> PhoneMessage:
    """Read a message.

    Raises:
        ConfigError: it is none; says which field.
    """
    try:
        return _ADAPTER.validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise ConfigError(f"{where}: {first['msg']}") from None
