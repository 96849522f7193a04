"""How late commands, joints and pictures are."""

from dataclasses import dataclass, field
from typing import Literal

from clam_robot import config


@dataclass(frozen=True, kw_only=True)
class Latency(config.Strict):
    """A delay and its 95 % confidence interval.

    Attributes:
        seconds: [s].
        low: [s].
        high: [s].
        correlation: of what was seen with the motion it follows; null where nothing was seen.
    """

    seconds: float
    low: float
    high: float
    correlation: float | None = None


@dataclass(frozen=True, kw_only=True)
class CameraLatency(config.Strict):
    """Of one camera.

    Attributes:
        serial: what tells it from others.
        latency: from the middle of the exposure to the stamp of the frame, were `latency` in `cameras.toml` 0.
        time_source: where its stamps came from: "device", "driver" or "arrival".
        fps: it was asked for [1/s].
    """

    serial: str
    latency: Latency
    time_source: str
    fps: float


@dataclass(frozen=True, kw_only=True)
class LatencyCalibration(config.Strict):
    """What the stamps of one robot lack.

    Attributes:
        driver: the way to the joints, whose stamps these are.
        state: from the measurement of the joints to their stamp. No motion tells it from that of the cameras and the
            command together: it was given, and its interval is what the rest leaves possible.
        command: from a set-point that is handed to the driver until the joints are there; None where none was known.
        cameras: by name.
        made_at: UTC, ISO 8601.
    """

    driver: Literal["dynamixel", "ros"]
    state: Latency
    command: Latency | None
    cameras: dict[str, CameraLatency] = field(default_factory=dict[str, CameraLatency])
    made_at: str
