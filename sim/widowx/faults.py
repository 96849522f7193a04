"""Things that go wrong on a real arm, to be switched on and off while the twin runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from clam_robot.errors import ConfigError
from sim.widowx.servo import EmulatedServo


@dataclass(kw_only=True)
class Faults:
    """What is wrong with the bus at the moment.

    Attributes:
        lost: names of servos that hear and say nothing, though they go on doing what they did.
        drop_rate: share of packets, either way, that vanish.
        corrupt_rate: share of packets, either way, in which one bit flips.
        latency: extra time before every answer [s].
        picture_latency: how old the scene is that a picture shows [s].
        is_unplugged: the adapter is pulled: the port is gone, the servos keep their power.
        seed: of the packets that suffer.
    """

    lost: set[str] = field(default_factory=set[str])
    drop_rate: float = 0.0
    corrupt_rate: float = 0.0
    latency: float = 0.0
    picture_latency: float = 0.0
    is_unplugged: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def clear(self) -> None:
        """Repair everything."""
        self.lost.clear()
        self.drop_rate = self.corrupt_rate = self.latency = self.picture_latency = 0.0
        self.is_unplugged = False

    @property
    def spoils_packets(self) -> bool:
        """Whether packets may suffer at all."""
        return self.drop_rate > 0.0 or self.corrupt_rate > 0.0

    def is_lost(self, servo: EmulatedServo) -> bool:
        """Whether the servo is cut off from the bus."""
        return servo.description.name in self.lost

    def pass_over(self, packet: bytes) -> bytes:
        """What arrives of a packet sent over the wire."""
        if self.drop_rate and self._random.random() < self.drop_rate:
            return b""
        if self.corrupt_rate and self._random.random() < self.corrupt_rate:
            bit = int(self._random.integers(8 * len(packet)))
            damaged = bytearray(packet)
            damaged[bit // 8] ^= 1 << bit % 8
            return bytes(damaged)
        return packet


def require_rate(name: str, rate: float) -> float:
    """The rate, when it is one.

    Raises:
        ConfigError: it is not between 0 and 1.
    """
    if not 0.0 <= rate <= 1.0:
        raise ConfigError(f"{name} must be between 0 and 1, found {rate}")
    return rate


def require_offset(offset: float) -> float:
    """By how much a joint is mounted askew [rad], when it may be so much.

    Raises:
        ConfigError: it is more than a tooth of the horn and some.
    """
    if not abs(offset) <= _LARGEST_OFFSET:
        raise ConfigError(f"offset must be at most {_LARGEST_OFFSET} rad either way, found {offset}")
    return offset


def require_servo(name: str, servos: Sequence[EmulatedServo]) -> EmulatedServo:
    """The servo of this name.

    Raises:
        ConfigError: there is none; lists those there are.
    """
    for servo in servos:
        if servo.description.name == name:
            return servo
    raise ConfigError(f"no servo {name!r}; there are {', '.join(servo.description.name for servo in servos)}")


_LARGEST_OFFSET = 0.2  # a tooth of the horn is 0.13 [rad]
