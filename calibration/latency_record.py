"""From a fit of latencies to what stands in `calibration.json`."""

from dataclasses import replace

from calibration.latency import LatencyFit
from calibration.take import TakeInfo
from clam_robot.hardware.calibration.latency_calibration import CameraLatency, LatencyCalibration


def latency_record(fit: LatencyFit, info: TakeInfo, made_at: str) -> LatencyCalibration:
    """What is known of every path, each from the measurement to the stamp as the device gives it.

    Args:
        fit: of a take.
        info: what it is of, and what was taken off its stamps already.
        made_at: UTC, ISO 8601.
    """
    return LatencyCalibration(
        driver=info.driver,
        state=fit.state_latency,
        command=fit.command_latency,
        cameras={
            name: CameraLatency(
                serial=known.serial,
                # Joints whose stamps were corrected already moved the frames' delay against them by as much.
                latency=fit.camera_latency(name, known.applied - info.state_applied),
                time_source=known.time_source,
                fps=known.fps,
            )
            for name, known in info.cameras.items()
            if name in fit.cameras
        },
        made_at=made_at,
    )


def beside(before: LatencyCalibration | None, found: LatencyCalibration) -> LatencyCalibration:
    """What was found, and of what was known before that which it has no answer for; nothing of another driver."""
    if before is None or before.driver != found.driver:
        return found
    return replace(found, command=found.command or before.command, cameras={**before.cameras, **found.cameras})
