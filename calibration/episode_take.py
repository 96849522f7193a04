"""A recorded episode as a take: its joints and frames at their own rates."""

import numpy as np

from calibration.delay_signals import JointMotion
from calibration.image_motion import small_grey
from calibration.take import Film, FilmedCamera, Take, TakeInfo
from clam_robot.episodes import schema
from clam_robot.episodes.reader import Episode
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.calibration import read_calibration


def take_of(episode: Episode) -> Take:
    """Joints and frames; an episode does not hold set-points.

    Raises:
        CalibrationError: it was recorded without joints at their own rate, or without frames' times.
    """
    samples = episode.joint_samples
    if samples is None:
        raise CalibrationError(
            f"{episode.path}: expected joints at the arm's own rate, found none; record with `clam record --device ... "
            "--robot widowx`"
        )
    known, films, cameras = episode.attributes, {}, {}
    calibration = None if known.calibration is None else read_calibration(known.calibration, str(episode.path))
    latency = None if calibration is None else calibration.latency
    for name, times in episode.frame_times.items():
        is_known = np.flatnonzero(np.isfinite(times))
        if len(is_known) < 2:
            raise CalibrationError(f"{episode.path}: frames of camera {name} have no capture times; leave this episode")
        images = np.stack([small_grey(episode.frames[name][int(i)]) for i in is_known])
        films[name] = Film(time=times[is_known], images=images)
        timed = None if latency is None else latency.cameras.get(name)
        placed = None if calibration is None else calibration.cameras.get(name)
        cameras[name] = FilmedCamera(
            serial=timed.serial if timed is not None else "" if placed is None else placed.serial,
            applied=known.time_corrections.get(schema.image_time_array(name), 0.0),
            time_source="unknown" if timed is None else timed.time_source,
            fps=float(1.0 / np.median(np.diff(times[is_known]))),
        )
    info = TakeInfo(
        driver="dynamixel" if latency is None else latency.driver,
        arm_serial=None if calibration is None else calibration.arm_serial,
        state_applied=known.time_corrections.get(schema.JOINT_TIME, 0.0),
        cameras=cameras,
        made_at=known.started_at,
    )
    reported = JointMotion(time=samples.time, position=samples.position)
    return Take(info=info, reported=reported, told=None, films=films)
