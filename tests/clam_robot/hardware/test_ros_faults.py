"""What goes wrong between a program and the xs_sdk node, and what the driver makes of it."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clam_robot.errors import DriverError, InvalidVector, NodeUnavailable, StaleObservation
from clam_robot.hardware.ros_driver import RosConfig, RosDriver, RospyCore, make_vendor_core
from clam_robot.hardware.ros_master import RosMaster
from clam_robot.timing import MonotonicClock
from sim.widowx.twin_process import TwinProcess
from tests.clam_robot.hardware.conftest import Node, on_ros
from tests.programs import WITHIN, clam, program, wait_for, xs_sdk

pytestmark = [pytest.mark.xdist_group("ros"), pytest.mark.filterwarnings("ignore::ResourceWarning")]
RAISED = np.array([0.0, -1.2, 0.9, 0.0, 0.3, 0.0])


class Spy(RospyCore):
    """Keeps what is published; can be made to hang."""

    def __init__(self, namespace: str) -> None:
        super().__init__(namespace)
        self.published: list[tuple[str, Sequence[float]]] = []
        self.hang: threading.Event | None = None

    def robot_write_commands(self, group_name: str, commands: Sequence[float]) -> None:
        self.published.append((group_name, commands))
        super().robot_write_commands(group_name, commands)

    def robot_write_joint_command(self, joint_name: str, command: float) -> None:
        self.published.append((joint_name, [command]))
        super().robot_write_joint_command(joint_name, command)

    def robot_get_motor_registers(self, cmd_type: str, name: str, reg: str) -> Any:  # noqa: ANN401
        if self.hang is not None:
            self.hang.wait()
        return super().robot_get_motor_registers(cmd_type, name, reg)


def make_driver(namespace: str, make_core: Callable[[str], RospyCore] = RospyCore, **setup: float) -> RosDriver:
    return RosDriver(dataclasses.replace(on_ros(namespace), **setup), MonotonicClock(), make_core=make_core)


@pytest.fixture
def driver(node: Node) -> Iterator[RosDriver]:
    driver = make_driver(node.namespace)
    driver.connect()
    yield driver
    driver.disconnect()


def test_without_a_master_there_is_no_connection(ros_master: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        master = RosMaster(f"http://127.0.0.1:{closed.getsockname()[1]}")
        driver = RosDriver(RosConfig(), MonotonicClock(), make_core=RospyCore, master=master)
        with pytest.raises(NodeUnavailable, match="no ROS master on"):
            driver.connect()


def test_without_a_node_there_is_no_connection(ros_master: str) -> None:
    with pytest.raises(NodeUnavailable, match=f"no xs_sdk node serves /nobody on {ros_master}; start `clam xs-sdk`"):
        make_driver("nobody").connect()


def test_nothing_is_commanded_before_prepare(driver: RosDriver) -> None:
    with pytest.raises(DriverError, match=r"before prepare\(\)"):
        driver.command(RAISED)


def test_what_is_refused_is_not_published(node: Node) -> None:
    spies: list[Spy] = []

    def make_core(namespace: str) -> Spy:
        spies.append(Spy(namespace))
        return spies[-1]

    driver = make_driver(node.namespace, make_core)
    driver.connect()
    driver.prepare(profile_velocity=1000, profile_acceleration=300)
    published = len(spies[0].published)
    for value in (np.nan, np.inf, -np.inf, 4.0):
        goal = driver.read().position.clip(-1.5, 1.5)
        goal[3] = value
        with pytest.raises(InvalidVector):
            driver.command(goal)
    for effort in (np.nan, np.inf):
        with pytest.raises(InvalidVector):
            driver.command_gripper(effort)
    assert len(spies[0].published) == published
    driver.command_gripper(0.0)
    assert spies[0].published[published:] == [("gripper", [0.0])]
    driver.disconnect()


def test_a_service_that_hangs_is_given_up(node: Node) -> None:
    spies: list[Spy] = []

    def make_core(namespace: str) -> Spy:
        spies.append(Spy(namespace))
        return spies[-1]

    driver = make_driver(node.namespace, make_core, service_timeout=0.3)
    driver.connect()
    spies[0].hang = threading.Event()
    with pytest.raises(NodeUnavailable, match=r"get_motor_registers of /shared failed \(no answer within 0.3 s\)"):
        driver.servos()
    spies[0].hang.set()
    driver.disconnect()


def test_a_second_commander_is_refused_by_name(node: Node, driver: RosDriver, tmp_path: Path) -> None:
    script = tmp_path / "rival.py"
    script.write_text(
        "import rospy\n"
        "from clam_robot.hardware.interbotix_messages import JointGroupCommand\n"
        "rospy.init_node('rival', disable_signals=True)\n"
        f"outlet = rospy.Publisher('/{node.namespace}/commands/joint_group', JointGroupCommand, queue_size=1)\n"
        "print('here', flush=True)\n"
        "rospy.rostime.wallsleep(600)\n"
    )
    with program([sys.executable, "-u", str(script)], "here", "another program"):
        with pytest.raises(NodeUnavailable, match="/rival commands the arm too"):
            make_driver(node.namespace).connect()
        with pytest.raises(NodeUnavailable, match="/rival commands the arm too"):
            driver.prepare(profile_velocity=200, profile_acceleration=60)
    driver.prepare(profile_velocity=200, profile_acceleration=60)  # dead programs stay registered and do not count


def test_a_second_node_is_refused_by_name(node: Node) -> None:
    second = subprocess.run(
        clam("xs-sdk", "--port", "/dev/null", "--namespace", node.namespace),
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert second.returncode == 2
    assert "/shared/xs_sdk serves /shared already; stop it first" in second.stderr


def test_the_vendors_module_is_used_where_it_is_installed_and_does_not_start_a_node_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "interbotix_xs_modules"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "core.py").write_text(
        "class InterbotixRobotXSCore:\n"
        "    def __init__(self, robot_model, robot_name=None, init_node=True, joint_state_topic='joint_states'):\n"
        "        self.made_with = robot_model, robot_name, init_node\n"
        "        self.pub_group = self.pub_single = None\n"
        "    def __getattr__(self, name):\n"
        "        if not name.startswith('robot_'):\n"
        "            raise AttributeError(name)\n"
        "        return print\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("interbotix_xs_modules", "interbotix_xs_modules.core"):
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]  # imported anew here, and forgotten afterwards
    core: Any = make_vendor_core("lab/wx250s")
    assert core.made_with == ("lab/wx250s", "lab/wx250s", False)


def test_without_the_vendors_module_our_own_core_is_used(ros_master: str) -> None:
    assert isinstance(make_vendor_core("nobody"), RospyCore)


def test_a_node_that_dies_is_noticed_and_a_new_one_takes_no_commands_until_prepared(
    ros_master: str, tmp_path: Path
) -> None:
    with TwinProcess(link=tmp_path / "ttyDXL") as twin, twin.client() as client:
        with xs_sdk(str(twin.port), "mortal") as process:
            driver = make_driver("mortal")
            driver.connect()
            driver.prepare(profile_velocity=1000, profile_acceleration=300)
            driver.command(RAISED)
            os.kill(process.pid, signal.SIGKILL)
            wait_for(lambda: is_silent(driver), "silence")
            with pytest.raises(StaleObservation, match="no message on /mortal/joint_states"):
                driver.read()
            with pytest.raises(NodeUnavailable, match="no message on /mortal/joint_states"):
                driver.command(RAISED)
            with pytest.raises(NodeUnavailable, match="service get_motor_registers of /mortal failed"):
                driver.servos()
            assert all(client.state().torque_on)  # the arm holds on
        with xs_sdk(str(twin.port), "mortal"):
            wait_for(lambda: not is_silent(driver), "joint states again")
            with pytest.raises(DriverError, match=r"another run of xs_sdk; prepare\(\) sets all up anew"):
                driver.command(RAISED)
            driver.prepare(profile_velocity=1000, profile_acceleration=300)
            driver.command(RAISED)
            driver.disconnect()


def is_silent(driver: RosDriver) -> bool:
    try:
        driver.read()
    except StaleObservation:
        return True
    return False
