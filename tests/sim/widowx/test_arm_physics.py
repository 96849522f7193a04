from pathlib import Path

import numpy as np
import pytest

from clam_robot.errors import SimulationDiverged
from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import HardwareError, OperatingMode
from clam_robot.hardware.workspace import REST
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.gripper_crank import crank_angle, crank_slope
from tests.sim.widowx.registers import get, put

ARM = ArmPhysics()  # takes a second to build
HOME = np.zeros(6)


@pytest.fixture
def arm() -> ArmPhysics:
    ARM.reset()
    return ARM


def energise(arm: ArmPhysics, *, profile: int = 1000) -> None:
    for servo in arm.servos[:-1]:
        put(servo, ct.TORQUE_ENABLE, 1)
        put(servo, ct.PROFILE_VELOCITY, profile)
        put(servo, ct.PROFILE_ACCELERATION, profile // 4)


def send(arm: ArmPhysics, position: np.ndarray) -> None:
    places = {name: i for i, name in enumerate(wx250s.JOINT_NAMES)}
    for servo in arm.servos[:-1]:
        angle = position[places[servo.description.name.removesuffix("_shadow")]]
        put(servo, ct.GOAL_POSITION, round(2048 + angle / wx250s.COUNT))


def test_arm_rests_in_its_sleep_pose_without_torque(arm: ArmPhysics) -> None:
    np.testing.assert_allclose(arm.position, wx250s.SLEEP, atol=0.06)
    before = arm.position
    arm.step(2.0)
    np.testing.assert_allclose(arm.position, before, atol=0.005)
    assert np.abs(arm.velocity).max() < 0.01


def test_arm_without_torque_falls_and_one_with_torque_does_not(arm: ArmPhysics) -> None:
    arm.place(np.array(wx250s.NEUTRAL))
    arm.step(0.5)
    fallen = np.abs(arm.position - wx250s.NEUTRAL).max()
    arm.reset()
    arm.place(np.array(wx250s.NEUTRAL))
    energise(arm)
    arm.step(0.5)
    assert fallen > 0.3
    assert np.abs(arm.position - wx250s.NEUTRAL).max() < 0.06


def test_every_step_is_one_period_and_leftovers_are_kept(arm: ArmPhysics) -> None:
    begun = arm.time
    assert [arm.step(0.0015) for _ in range(4)] == [0, 1, 1, 1]
    assert arm.time - begun == pytest.approx(0.006)


def test_stretched_arm_sags_and_its_servos_carry_the_weight(arm: ArmPhysics) -> None:
    arm.place(HOME)
    energise(arm)
    arm.step(2.0)
    shoulder, shadow = arm.servo("shoulder"), arm.servo("shoulder_shadow")
    assert 0.02 < arm.position[1] < 0.12
    # Both motors of a joint share its load; together they carry the links' weight but for the gears' friction.
    assert shoulder.motor.torque == pytest.approx(shadow.motor.torque, rel=1e-6)
    assert 1.8 < -arm.joint_torque[1] < 3.2
    assert get(shoulder, ct.PRESENT_CURRENT) == pytest.approx(arm.torque[1] / 4.1 * 2.3e3 / 2.69, abs=2)


def test_readings_follow_the_physics_on_the_way(arm: ArmPhysics) -> None:
    energise(arm)
    send(arm, np.array(wx250s.NEUTRAL))
    for _ in range(20):
        arm.step(0.05)
        for servo in (arm.servo("shoulder"), arm.servo("wrist_angle")):
            place = wx250s.JOINT_NAMES.index(servo.description.name)
            count = 2048 + arm.position[place] / wx250s.COUNT
            # Readings are as old as the latest step began.
            travelled = abs(arm.velocity[place]) * 0.002 / wx250s.COUNT
            assert get(servo, ct.PRESENT_POSITION) == pytest.approx(count, abs=1.5 + travelled)
            assert get(servo, ct.PRESENT_VELOCITY) * ct.VELOCITY_UNIT == pytest.approx(arm.velocity[place], abs=0.1)


def test_uncalibrated_shadow_fights_its_leader(arm: ArmPhysics) -> None:
    put(arm.servo("shoulder_shadow"), ct.HOMING_OFFSET, 20)
    arm.place(np.array(wx250s.NEUTRAL))
    energise(arm)
    send(arm, np.array(wx250s.NEUTRAL))
    arm.step(1.0)
    put(arm.servo("shoulder_shadow"), ct.TORQUE_ENABLE, 0)
    put(arm.servo("shoulder_shadow"), ct.HOMING_OFFSET, 0)
    assert abs(arm.torque[1] - arm.torque[2]) > 0.4


@pytest.mark.parametrize("finger", [0.016, 0.022, 0.03, 0.036])
def test_crank_is_the_published_one(finger: float) -> None:
    angle = crank_angle(finger)
    assert wx250s.finger_position(angle) == pytest.approx(finger)
    assert crank_slope(angle) == pytest.approx(
        (wx250s.finger_position(angle + 1e-6) - wx250s.finger_position(angle)) / 1e-6, rel=1e-3
    )


def test_gripper_reads_the_angle_of_its_crank(arm: ArmPhysics) -> None:
    gripper = arm.servo("gripper")
    put(gripper, ct.OPERATING_MODE, OperatingMode.PWM)
    put(gripper, ct.TORQUE_ENABLE, 1)
    put(gripper, ct.GOAL_PWM, 300)
    arm.step(1.5)
    angle = (get(gripper, ct.PRESENT_POSITION) - 2048) * wx250s.COUNT
    assert wx250s.finger_position(angle) == pytest.approx(arm.finger, abs=5e-5)
    assert arm.finger == pytest.approx(wx250s.FINGER_OPEN, abs=5e-4)
    left, right = arm.data.joint("left_finger").qpos[0], arm.data.joint("right_finger").qpos[0]
    assert left == pytest.approx(-right, abs=2e-4)


def test_gripper_holds_a_block_against_gravity(arm: ArmPhysics) -> None:
    arm.place(np.array([0.0, 0.1369, 0.6382, 0.0, 0.7957, 0.0]), finger=0.034)  # hand down, around a point on the table
    energise(arm)
    tool = arm.data.site("tool").xpos
    arm.data.joint("block").qpos[:] = (tool[0], tool[1], 0.012, 1.0, 0.0, 0.0, 0.0)
    gripper = arm.servo("gripper")
    put(gripper, ct.OPERATING_MODE, OperatingMode.PWM)
    put(gripper, ct.TORQUE_ENABLE, 1)
    put(gripper, ct.GOAL_PWM, -250)
    arm.step(1.0)
    send(arm, np.array([0.3, -0.4, 0.5, 0.0, 1.4, 0.0]))
    arm.step(4.0)
    judgement = arm.task.judge(arm.model, arm.data)
    assert judgement.success
    assert gripper.errors == HardwareError(0)
    assert arm.finger == pytest.approx(0.0268, abs=0.001)


def test_hand_pressed_on_the_table_stalls_instead_of_passing_through(arm: ArmPhysics) -> None:
    arm.place(np.array([0.0, 0.0, 0.6, 0.0, 1.0, 0.0]))
    energise(arm)
    send(arm, np.array([0.0, 0.7, 0.6, 0.0, 1.0, 0.0]))
    arm.step(2.0)
    assert arm.data.site("tool").xpos[2] > 0.0
    assert arm.servo("shoulder").motor.load > 0.2


def test_arm_that_keeps_pressing_overloads_and_lets_go(arm: ArmPhysics) -> None:
    arm.place(np.array([0.0, 0.0, 0.6, 0.0, 1.0, 0.0]))
    energise(arm)
    send(arm, np.array([0.0, 1.2, 0.6, 0.0, 1.0, 0.0]))
    arm.step(1.2)
    assert not any(servo.errors for servo in arm.servos)
    arm.step(10.0)
    shoulder = arm.servo("shoulder")
    assert shoulder.errors == HardwareError.OVERLOAD
    assert not shoulder.is_torque_on
    assert shoulder.motor.temperature > 25.5


def test_gripper_at_full_power_crushes_nothing_and_overloads_within_seconds(arm: ArmPhysics) -> None:
    arm.place(np.array([0.0, 0.1369, 0.6382, 0.0, 0.7957, 0.0]), finger=0.034)
    energise(arm)
    tool = arm.data.site("tool").xpos
    arm.data.joint("block").qpos[:] = (tool[0], tool[1], 0.012, 1.0, 0.0, 0.0, 0.0)
    gripper = arm.servo("gripper")
    put(gripper, ct.OPERATING_MODE, OperatingMode.PWM)
    put(gripper, ct.TORQUE_ENABLE, 1)
    put(gripper, ct.GOAL_PWM, -885)
    arm.step(1.5)
    assert arm.finger > 0.0255
    assert gripper.errors == HardwareError(0)
    arm.step(2.5)
    assert gripper.errors == HardwareError.OVERLOAD


def test_equal_seeds_lay_out_equal_scenes(arm: ArmPhysics) -> None:
    scenes = []
    for seed in (3, 4, 3):
        arm.step(0.3)
        arm.reset(seed)
        scenes.append(arm.data.qpos.tobytes())
    assert scenes[0] == scenes[2] != scenes[1]


def test_reset_brings_the_servos_back_as_delivered(arm: ArmPhysics) -> None:
    put(arm.servo("waist"), ct.ID, 99)
    put(arm.servo("gripper"), ct.OPERATING_MODE, OperatingMode.PWM)
    energise(arm)
    arm.reset()
    assert [servo.id for servo in arm.servos] == list(range(1, 10))
    assert get(arm.servo("gripper"), ct.OPERATING_MODE) == OperatingMode.POSITION
    assert not any(servo.is_torque_on for servo in arm.servos)


def test_reset_can_leave_the_arm_alone(arm: ArmPhysics) -> None:
    energise(arm)
    send(arm, np.array(wx250s.NEUTRAL))
    arm.step(1.5)
    before, block = arm.position, arm.data.joint("block").qpos.copy()
    arm.reset(5, keep_arm=True)
    np.testing.assert_array_equal(arm.position, before)
    assert not np.allclose(arm.data.joint("block").qpos, block)
    arm.step(0.5)
    np.testing.assert_allclose(arm.position, before, atol=0.02)
    assert arm.servo("waist").is_torque_on


def test_time_never_goes_back(arm: ArmPhysics) -> None:
    arm.step(0.5)
    before = arm.time
    arm.reset(1)
    assert arm.time == before


def test_voltage_drops_under_load_and_a_dead_supply_drops_the_arm(arm: ArmPhysics) -> None:
    arm.place(HOME)
    energise(arm)
    arm.step(1.0)
    assert 11.0 < arm.voltage < 11.95
    assert get(arm.servo("waist"), ct.PRESENT_INPUT_VOLTAGE) in range(110, 121)
    arm.supply_voltage = 0.0
    arm.step(0.5)
    assert arm.position[1] > 0.2
    arm.supply_voltage = 12.0
    arm.step(0.5)
    assert all(servo.is_awake and not servo.is_torque_on for servo in arm.servos)
    assert {servo.num_reboots > 0 for servo in arm.servos} == {True}


def test_torque_from_outside_pushes_a_joint(arm: ArmPhysics) -> None:
    arm.place(HOME)
    arm.external_torque[0] = 0.5
    arm.step(0.3)
    assert arm.position[0] > 0.1
    arm.reset()
    arm.step(0.3)
    assert abs(arm.position[0]) < 0.01


def test_physics_that_leaves_the_finite_numbers_is_noticed(
    arm: ArmPhysics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # MuJoCo keeps a log of such things
    arm.data.joint("block").qpos[0] = np.nan
    with pytest.raises(SimulationDiverged):
        arm.step(0.01)
    arm.reset()
    arm.step(0.01)


@pytest.mark.parametrize("name", ["cradle_post", "cradle"])
def test_what_the_arm_sleeps_on_is_where_the_robots_workspace_has_it(name: str) -> None:
    physics = ArmPhysics()
    geom = physics.model.geom(name)
    reach = geom.size if name == "cradle_post" else (geom.size[0], geom.size[1] + geom.size[0], geom.size[0])
    assert (np.abs(geom.pos - REST.center) + reach <= np.multiply(0.5, REST.size) + 1e-9).all()
