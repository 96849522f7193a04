"""The physics twin swings a joint before a camera that draws what it sees; every path is as late as it is told."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from calibration.delay_signals import JointMotion
from calibration.image_motion import ImageMotion
from calibration.latency import LatencyViews
from calibration.swing import SwingConfig, swing_at
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.widowx import START
from clam_robot.timing import ManualClock
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.board_scene import BoardScene
from sim.widowx.delayed_driver import DelayedDriver
from sim.widowx.simulated_driver import SimulatedDriver
from tests.calibration.synthetic_hand_eye import HELD_BOARD, truth
from tests.calibration.synthetic_views import BOARD

LENS = Intrinsics(width=320, height=240, fx=300.0, fy=299.0, cx=161.0, cy=118.0, distortion=(0.05, -0.1, 0.0, 0.0, 0.0))
TICK = 0.001  # [s]
# The twin's servos measure once a cycle: what they report is so old without any delay [s].
SERVO_AGE = 0.002


@dataclass(frozen=True, kw_only=True)
class Delays:
    """What is to be found [s], and what makes it hard.

    Attributes:
        camera: of its stamps.
        state: of those of the joints.
        command: until the servos have a set-point; they need their own time to follow.
        fps: frames per second.
        jitter: standard deviation of a frame's stamp [s].
        lost: share of the frames that are dropped.
        grey: noise of a pixel, of 255.
    """

    camera: float = 0.045
    state: float = 0.0
    command: float = 0.0
    fps: float = 30.0
    jitter: float = 0.002
    lost: float = 0.05
    grey: float = 2.0


def swung(
    seed: int, mount: Literal["wrist", "stand"], delays: Delays, setup: SwingConfig
) -> tuple[LatencyViews, JointMotion]:
    """What everybody stamped, and where the joints truly were."""
    rng = np.random.default_rng(seed)
    clock = ManualClock(100.0)
    physics = ArmPhysics()
    start = np.array(START)
    physics.place(start)
    driver = DelayedDriver(SimulatedDriver(physics, clock), clock, command=delays.command, state=delays.state)
    driver.connect()
    driver.prepare(profile_velocity=25, profile_acceleration=10)
    board = BOARD if mount == "wrist" else HELD_BOARD
    true = truth(rng, mount, 0.0)
    scene = BoardScene(board.picture(48), board.size, mount=mount, camera=true.camera, place=true.board, lens=LENS)
    motion = ImageMotion("twin")
    joint = 0
    told, reported, real = [], [], []
    next_state = next_goal = next_frame = begin = clock.now()
    while clock.now() < begin + setup.seconds:
        now = clock.now()
        if now >= next_goal:
            goal = start.copy()
            goal[joint] += swing_at(setup, np.array([now - begin]))[0]
            driver.command(goal)
            told.append((now, goal))
            next_goal += 0.02 * rng.uniform(0.9, 1.1)
        if now >= next_state:
            state = driver.read()
            reported.append((state.time, state.position))
            next_state += 0.02 * rng.uniform(0.8, 1.2)
        driver.read()
        real.append((now, physics.position))
        if now >= next_frame:
            next_frame += 1.0 / delays.fps
            if rng.random() >= delays.lost:
                picture = scene.picture(physics.position) + rng.normal(0.0, delays.grey, (240, 320, 3))
                stamp = now + delays.camera + rng.normal(0.0, delays.jitter)
                motion.add(stamp, np.clip(picture, 0, 255).astype(np.uint8))
        clock.advance(TICK)
    scene.close()
    driver.disconnect()
    views = LatencyViews(reported=_motion(reported), told=_motion(told), cameras={"twin": motion.sight()})
    return views, _motion(real)


def _motion(rows: list[tuple[float, np.ndarray]]) -> JointMotion:
    return JointMotion(time=np.array([row[0] for row in rows]), position=np.array([row[1] for row in rows]))
