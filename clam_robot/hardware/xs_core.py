"""The part of the vendor's Python module that the ROS driver uses, and how it asks for registers through it.

The protocol names are those of `InterbotixRobotXSCore`. Its publishers and service calls are used and nothing else:
its constructor waits for ever, so the driver first sees for itself that node and joint states are there; its joint
states carry no time of arrival, so the driver subscribes itself; its service calls have no time limit, so they run in
threads that may be left behind. The module's `arm` and `gripper` are not used: moves by name skip the limits or check
them against the previous speed, a cached profile is not rewritten after a reboot, and the gripper presses on after it
has grasped.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Protocol, TypeVar, runtime_checkable

from clam_robot.errors import DriverError, NodeUnavailable
from clam_robot.hardware.control_table import Register
from clam_robot.hardware.wx250s import GRIPPER
from clam_robot.hardware.xs_groups import GROUPS, MOTORS

T = TypeVar("T")
# "all" leaves out the second motors of shoulder and elbow.
_SINGLES = tuple(name for name in MOTORS if name not in GROUPS["all"])


@runtime_checkable
class XsCore(Protocol):
    """Calls to the xs_sdk node.

    Attributes:
        pub_group: rospy's publisher of commands to groups.
        pub_single: of commands to single joints.
    """

    pub_group: Any
    pub_single: Any

    def robot_write_commands(self, group_name: str, commands: Sequence[float]) -> None: ...

    def robot_write_joint_command(self, joint_name: str, command: float) -> None: ...

    def robot_get_motor_registers(self, cmd_type: str, name: str, reg: str) -> Any: ...  # noqa: ANN401

    def robot_set_motor_registers(self, cmd_type: str, name: str, reg: str, value: int) -> None: ...

    def robot_get_robot_info(self, cmd_type: str, name: str) -> Any: ...  # noqa: ANN401

    def robot_set_operating_modes(
        self,
        cmd_type: str,
        name: str,
        mode: str,
        profile_type: str,
        profile_velocity: int,
        profile_acceleration: int,
    ) -> None: ...

    def robot_torque_enable(self, cmd_type: str, name: str, enable: bool) -> None: ...

    def robot_reboot_motors(self, cmd_type: str, name: str, enable: bool, smart_reboot: bool) -> None: ...


class XsNode:
    """The node's services through a core, each within a time limit and checked.

    Args:
        core: makes the calls.
        namespace: of the node, for messages.
        timeout: of one call [s].
    """

    def __init__(self, core: XsCore, namespace: str, *, timeout: float = 5.0) -> None:
        self.core = core
        self._namespace, self._timeout = namespace, timeout

    def call(self, what: str, request: Callable[[], T]) -> T:
        """Make a call that may never return.

        Raises:
            NodeUnavailable: it failed or took too long.
        """
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(request())
            except Exception as error:  # noqa: BLE001 - the caller, who waits below, gets it
                future.set_exception(error)

        threading.Thread(target=work, name=what, daemon=True).start()
        try:
            return future.result(self._timeout)
        except FutureTimeout:
            reason = f"no answer within {self._timeout:g} s"
        except DriverError:
            raise
        except Exception as error:  # noqa: BLE001 - rospy raises many kinds; all mean that the node did not do it
            reason = f"{type(error).__name__}: {error}"
        raise NodeUnavailable(
            f"service {what} of /{self._namespace} failed ({reason}); are its xs_sdk node and the ROS master running? "
            "A node does not outlive its master: start it anew, too"
        )

    def read(self, register: Register) -> dict[str, int]:
        """A register of all nine servos, by name.

        Raises:
            DriverError: the node could not read one; it logs which.
            NodeUnavailable: the call failed.
        """
        values = self._values("group", "all", register)
        found = dict(zip(GROUPS["all"], values, strict=True))
        for name in _SINGLES:
            found[name] = self._values("single", name, register)[0]
        return {name: found[name] for name in MOTORS}

    def write_arm(self, register: Register, value: int) -> None:
        """A register of all servos but the gripper's, read back.

        Raises:
            DriverError: one did not keep it.
            NodeUnavailable: the call failed.
        """
        for cmd_type, name in (("group", "arm"), *(("single", each) for each in _SINGLES)):
            self.call("set_motor_registers", lambda each=(cmd_type, name): self._set(*each, register, value))
        for name, found in self.read(register).items():
            if found != value and name != GRIPPER:
                raise DriverError(
                    f"{name} did not keep {register.name}: wrote {value}, read back {found}; look at its hardware "
                    "errors, and whether another program writes to it"
                )

    def _set(self, cmd_type: str, name: str, register: Register, value: int) -> None:
        self.core.robot_set_motor_registers(cmd_type, name, register.name, value)

    def _values(self, cmd_type: str, name: str, register: Register) -> list[int]:
        expected = len(GROUPS[name]) if cmd_type == "group" else 1
        values = self.call(
            "get_motor_registers",
            lambda: [int(each) for each in self.core.robot_get_motor_registers(cmd_type, name, register.name).values],
        )
        if len(values) != expected:
            raise DriverError(
                f"xs_sdk of /{self._namespace} could not read {register.name} of {name}; a servo does not answer, the "
                "node's log says which"
            )
        return values
