"""One policy behind a server drives the arm in process, over the servo bus and through ROS, and does its task."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clam_robot.hardware.ros_stop import TOPIC
from clam_robot.timing import ManualClock
from policy_server.app import create_app
from sim.registry import make_robot
from sim.widowx.twin_process import TwinProcess
from sim.widowx_experts import expert_policy
from teleop.page_server import PageServer
from tests.programs import clam, program, wait_for, xs_sdk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.xdist_group("ros"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
TASK = "reach-block"
EPISODES = 2
# Another program on the ROS network.
STOP = """
import sys
import rospy
from std_msgs.msg import Empty
rospy.init_node("who_stops", anonymous=True)
stop = rospy.Publisher(sys.argv[1], Empty, queue_size=1)
while not stop.get_num_connections():
    rospy.sleep(0.01)
stop.publish()
rospy.sleep(0.5)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of the policy."""
    spec = make_robot(f"widowx-twin:{TASK}", ManualClock()).spec
    app = create_app(lambda: expert_policy(spec, TASK, noise=0.0, seed=0))
    with PageServer(app, ("127.0.0.1", 0)) as server:
        yield server.url.replace("http", "ws", 1)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    with TwinProcess(link=tmp_path_factory.mktemp("dev") / "ttyDXL", task=TASK) as twin:
        yield twin


def arguments(server: str, *words: object) -> list[str]:
    return [*clam("run", "--server", server, "--seed", "3"), *map(str, words)]


def successes(command: list[str]) -> int:
    done = subprocess.run(command, capture_output=True, text=True, timeout=400.0, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    found = re.search(r"episodes, success .*\((\d+)/(\d+)\)", done.stdout)
    assert found and int(found[2]) == EPISODES, done.stdout
    return int(found[1])


def at_bench(twin: TwinProcess) -> tuple[object, ...]:
    host, port = twin.address
    return ("--robot", "widowx", "--bench", f"{host}:{port}", "--task", TASK, "--episodes", EPISODES)


def test_in_process(server: str) -> None:
    assert successes(arguments(server, "--robot", f"widowx-twin:{TASK}", "--episodes", EPISODES)) == EPISODES


def test_over_the_servo_bus(server: str, twin: TwinProcess) -> None:
    # In real time a busy machine may spoil an episode.
    assert successes(arguments(server, *at_bench(twin), "--driver", "dynamixel", "--port", twin.port)) >= 1


def test_through_ros(server: str, twin: TwinProcess, ros_master: str) -> None:
    with xs_sdk(str(twin.port), "three_ways"):
        assert successes(arguments(server, *at_bench(twin), "--driver", "ros", "--namespace", "three_ways")) >= 1


def test_a_message_on_the_stop_topic_stops_the_run(
    server: str, twin: TwinProcess, ros_master: str, tmp_path: Path
) -> None:
    command = arguments(server, *at_bench(twin), "--driver", "ros", "--namespace", "stopped")
    with xs_sdk(str(twin.port), "stopped"), twin.client() as truth, program(command, lambda: True, "the run") as run:
        wait_for(lambda: max(abs(each) for each in truth.state().velocity) > 0.2, "an arm that moves")
        subprocess.run([sys.executable, "-c", STOP, f"/stopped/{TOPIC}"], timeout=60.0, check=True)
        wait_for(lambda: run.poll() is not None, "the run to end")
        assert run.returncode == 2
        wait_for(lambda: max(abs(each) for each in truth.state().velocity) < 0.02, "an arm at rest")
        assert all(truth.state().torque_on)
