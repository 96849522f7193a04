"""The WidowX, its servos and a scene, moved by actions in lock step."""

from collections import Counter

import numpy as np
from jaxtyping import Float32

from clam_robot.hardware.arm_controller import Aim, ArmController
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.widowx import WidowXConfig
from clam_robot.hardware.widowx_spec import widowx_state
from clam_robot.timing import ManualClock
from sim.widowx.arm_physics import FINGERS_AT_REST, ArmPhysics
from sim.widowx.scene_task import SceneTask
from sim.widowx.simulated_driver import SimulatedDriver
from sim.world import Judgement


class WidowXWorld:
    """What the real robot does with threads, done step by step: the same controller, driver calls, servos and rules.

    Args:
        task: on the table; its reward is the credit at a moment, and a period's reward is what the best credit gained.
        setup: how the arm is driven.
        delay: set-points that go by from a state to the moment its action takes hold.

    Attributes:
        model: `mujoco.MjModel` of the scene.
        data: its `mujoco.MjData`.
        physics: of arm and scene.
        executed: (7,) what became of the last action.
    """

    def __init__(self, task: SceneTask, setup: WidowXConfig, *, delay: int = 0) -> None:
        self._task = task
        self._setup = setup
        self.physics = ArmPhysics(task)
        self.model, self.data = self.physics.model, self.physics.data
        self._clock = ManualClock()
        self._driver = SimulatedDriver(self.physics, self._clock)
        self._controller = ArmController(setup.arm, space=setup.action.space, period=1.0 / setup.action.hz)
        self._num_periods = round(setup.arm.stream.hz / setup.action.hz)
        self._delay = delay
        self._best_credit = 0.0
        self.executed = np.zeros(7, np.float32)

    def reset(self, seed: int) -> None:
        """Lay out the scene; the arm is at the start of episodes, its gripper as far open as it opens by itself.

        Fingers that were put in their place would stand where no gripper ever opens to, and policies take the last
        per cent for a grip that closes.
        """
        self._driver.disconnect()
        self.physics.reset(seed)
        self.physics.place(np.array(self._setup.start), finger=FINGERS_AT_REST)
        self._driver.connect()
        self._driver.prepare(
            profile_velocity=self._setup.profile_velocity, profile_acceleration=self._setup.profile_acceleration
        )
        self._controller.start(self._driver.read())
        self._controller.open_gripper()
        for _ in range(_SETTLING):
            self._pass_period()
        self._best_credit = 0.0

    @property
    def changes(self) -> Counter[Reason]:
        """How often each of the arm's rules changed an action since the reset."""
        return self._controller.num_changed

    def state(self) -> Float32[np.ndarray, "S"]:
        """As the servos and the bench measure it."""
        points = self._task.points(self.model, self.data)
        return widowx_state(self._driver.read(), list(points.values()))

    def step(self, action: Float32[np.ndarray, "7"]) -> Judgement:
        """One period of the policy."""
        aim = self._controller.aim(action, self._driver.read())
        return self._pass_period(aim)

    def hold(self) -> Judgement:
        """One period without an action."""
        self._controller.hold(self._driver.read())
        return self._pass_period()

    def _pass_period(self, aim: Aim | None = None) -> Judgement:
        """Set-points until the policy's next period."""
        before, success = self._best_credit, False
        for number in range(self._num_periods):
            if aim is not None and number == self._delay:
                self.executed = self._controller.pursue(aim).action
            setpoint = self._controller.step(self._driver.read())
            self._driver.command(setpoint.position)
            self._driver.command_gripper(setpoint.gripper_effort)
            self._clock.advance(self._setup.arm.stream.period)
            self._driver.read()
            judgement = self._task.judge(self.model, self.data)
            success = success or judgement.success
            self._best_credit = max(self._best_credit, judgement.reward)
        return Judgement(reward=self._best_credit - before, success=success)


# Periods in which the fingers open, and a hand that was put in its place finds out how it sags.
_SETTLING = 15
