"""`clam xs-sdk` says what is missing; that it serves is tested in tests/clam_robot/hardware/test_xs_sdk_node.py."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clam_robot.cli.main import main

# Where ROS is not installed these are missing.
NO_ROS = "import sys; sys.modules.update(dict.fromkeys(['rospy', 'genpy', 'sensor_msgs', 'std_msgs'])); "


def test_help_is_the_manual(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["xs-sdk", "--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert "--port" in told
    assert "--namespace" in told


def test_without_ros_the_debian_packages_are_named() -> None:
    program = NO_ROS + "from clam_robot.cli.main import main; sys.exit(main(['xs-sdk']))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2
    assert "sudo apt-get install python3-rospy python3-rosmaster" in ended.stderr


def test_without_ros_the_bus_is_driven_all_the_same(tmp_path: Path) -> None:
    program = NO_ROS + (
        "from clam_robot.hardware.dynamixel_driver import DynamixelConfig, DynamixelDriver\n"
        "from clam_robot.timing import MonotonicClock\n"
        f"DynamixelDriver(DynamixelConfig(port='{tmp_path}/ttyDXL'), MonotonicClock()).connect()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert f"PortUnavailable: no port {tmp_path}/ttyDXL" in ended.stderr


def test_without_a_master_it_ends_at_once_and_names_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("ROS_MASTER_URI", uri)
        monkeypatch.setenv("ROS_NAMESPACE", "")
        assert main(["xs-sdk", "--port", "/dev/null"]) == 2
    assert f"no ROS master on {uri}" in " ".join(capsys.readouterr().err.split())
