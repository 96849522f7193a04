"""`clam xs-sdk`."""

import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Annotated

import tyro

from clam_robot.cli.console import console
from clam_robot.errors import MissingDependency
from clam_robot.hardware.unheld_goals import SilenceConfig


@dataclass(frozen=True, kw_only=True)
class Command:
    """Serve the arm to ROS 1 as the vendor's xs_sdk node does, on a real arm or on `clam twin`.

    Topics joint_states and commands/*, services and units are those of that node, so programs written for it work
    unchanged. A gripper that closes, or a joint that turns at a given speed, is eased when nobody commands it any more.
    Ctrl-C ends it; the arm holds on.

    Attributes:
        port: serial device of the servos.
        namespace: of the topics and services.
        hz: joint states per second.
        reply_timeout: how long a servo may think before it answers [s]; more where a twin shares a busy machine.
        silence: what becomes of commands that nobody repeats.
        twin: a task, to serve a twin of its own with that on its table in place of a port.
        twin_port: TCP port of that twin's side channel; 0 takes a free one.
    """

    port: str = "/dev/ttyDXL"
    namespace: str = "wx250s"
    hz: float = 100.0
    reply_timeout: float = 0.034
    silence: Annotated[SilenceConfig, tyro.conf.arg(name="")] = field(default_factory=SilenceConfig)
    twin: str | None = None
    twin_port: int = 0

    def run(self) -> None:
        """Serve until interrupted.

        Raises:
            MissingDependency: ROS is not installed.
            DriverError: no master, no arm, or the port was lost.
        """
        namespace = self.namespace.strip("/")
        os.environ["ROS_NAMESPACE"] = f"/{namespace}"  # rospy reads it when it is imported
        try:
            from clam_robot.hardware.xs_sdk_node import XsSdkNode
        except ModuleNotFoundError as error:
            raise MissingDependency(
                f"`clam xs-sdk` needs ROS 1, found no {error.name}; run: sudo apt-get install python3-rospy "
                "python3-rosmaster python3-sensor-msgs python3-trajectory-msgs, then docker/setup-host"
            ) from None
        from clam_robot.hardware.dynamixel_driver import DynamixelConfig
        from clam_robot.hardware.xs_sdk import XsSdk
        from clam_robot.timing import MonotonicClock

        clock = MonotonicClock()
        with ExitStack() as stack:
            port = self.port
            if self.twin is not None:
                from sim.widowx.twin_process import TwinProcess

                twin = stack.enter_context(TwinProcess(task=self.twin, control_port=self.twin_port))
                port = str(twin.port)
            setup = DynamixelConfig(port=port, hz=self.hz, reply_timeout=self.reply_timeout)
            node = XsSdkNode(XsSdk(setup, clock, silence=self.silence), clock, namespace=namespace)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: node.stop())
            node.run(on_ready=lambda: console.print(f"xs_sdk serves {port} under /{namespace}; Ctrl-C ends it"))
        console.print("xs_sdk stopped")
