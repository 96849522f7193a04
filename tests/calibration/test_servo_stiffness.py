import numpy as np
import pytest

from calibration.gravity import gravity_loads
from calibration.servo_stiffness import fit_stiffness
from clam_robot.hardware.sag import SagConfig
from clam_robot.timing import ManualClock
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.simulated_driver import SimulatedDriver
from tests.type_checks import unchecked

POSES = np.array(
    [
        [0.0, s, e, 0.0, w, 0.0]
        for s, e, w in [(-0.9, 0.7, 0.3), (-0.4, -0.8, 0.5), (0.0, 0.0, 0.0), (0.2, -1.2, 0.4), (-0.3, -0.5, -0.4)]
    ]
)


def test_stiffness_is_what_joints_sag_by() -> None:
    rng = np.random.default_rng(0)
    measured = rng.uniform(-0.8, 0.8, (20, 6))
    loads = gravity_loads(measured)
    stiffness = np.array([18.9, 37.8, 30.0, 18.9, 18.9, 6.9])
    goals = measured - loads / stiffness + 0.002 + rng.normal(0.0, 5e-4, loads.shape)
    fit = fit_stiffness(goals, measured, loads)
    assert {"shoulder", "elbow"} <= set(fit.stiffness)
    assert "waist" not in fit.stiffness
    for name, value in (("shoulder", 37.8), ("elbow", 30.0)):
        assert fit.stiffness[name] == pytest.approx(value, abs=4.0 * fit.sigmas[name])


def test_stiffness_of_the_twin_is_that_of_its_servos() -> None:
    clock = ManualClock()
    driver = SimulatedDriver(ArmPhysics(), clock)
    driver.physics.place(POSES[0])
    driver.connect()
    driver.prepare(profile_velocity=200, profile_acceleration=60)
    measured = []
    with unchecked():
        for pose in [*POSES, *POSES[::-1]]:
            here = driver.read().position
            for share in np.linspace(0.0, 1.0, 16)[1:]:
                driver.command(here + share * (pose - here))
                clock.advance(0.06)
            clock.advance(0.6)
            measured.append(driver.read().position)
    driver.disconnect()
    goals, joints = np.concatenate([POSES, POSES[::-1]]), np.array(measured)
    fit = fit_stiffness(goals, joints, gravity_loads(joints))
    for name, place in (("shoulder", 1), ("elbow", 2)):
        assert fit.stiffness[name] == pytest.approx(SagConfig().stiffness[place], rel=0.25)
