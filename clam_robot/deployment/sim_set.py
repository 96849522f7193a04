"""Everything a robot needs, with no hardware.

twin ── servo bus ── xs_sdk ── ROS (master) ── loop ── WebSocket ── server
  └────────────────── side channel ─────────────┘ └── page
"""

import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clam_robot import config
from clam_robot.deployment import readiness
from clam_robot.deployment.program import Program
from clam_robot.errors import ConfigError

NAMESPACE = "wx250s"
_MAIN = "clam_robot.cli.main"
# What the loop loads on its way, most of it anyway.
_OF_LOOP = (
    "clam_robot.cli.run",
    "clam_robot.hardware.widowx",
    "clam_robot.hardware.ros_driver",
    "policy_server.client",
    "sim.widowx.twin_bench",
    "teleop.page_server",
    "teleop.stop_page",
)
_PORTS = ("master_port", "server_port", "page_port", "bench_port")


@dataclass(frozen=True, kw_only=True)
class SimConfig(config.Strict):
    """What is simulated, and where the programs listen on the loopback interface; port 0 takes a free one.

    Attributes:
        task: on the table.
        checkpoint: the policy's; a scripted expert of the task without.
        episodes: scenes that a person's go lets the arm do.
        seed: of the first scene.
        reply_timeout: how long a servo may think before it answers; more where the machine is busy [s].
        master_port: of the ROS master.
        server_port: of the policy server.
        page_port: of the page.
        bench_port: of the twin's side channel.
    """

    task: str = "reach-block"
    checkpoint: Path | None = None
    episodes: int = 1
    seed: int = 0
    reply_timeout: float = 0.25
    master_port: int = 11311
    server_port: int = 8000
    page_port: int = 8080
    bench_port: int = 8100

    def __post_init__(self) -> None:
        for name in _PORTS:
            if not 0 <= getattr(self, name) < 2**16:
                raise ConfigError(f"{name}: expected 0 to 65535, found {getattr(self, name)}")
        chosen = [getattr(self, name) for name in _PORTS if getattr(self, name)]
        if len(set(chosen)) < len(chosen):
            raise ConfigError(f"{', '.join(_PORTS)}: expected different ones, found {', '.join(map(str, chosen))}")
        if self.episodes < 1:
            raise ConfigError(f"episodes: expected at least 1, found {self.episodes}")

    def with_ports(self) -> "SimConfig":
        """The same with free ports in place of 0.

        Raises:
            ConfigError: some are taken; names them all.
        """
        held: list[socket.socket] = []
        found: dict[str, int] = {}
        taken: list[str] = []
        try:
            for name in _PORTS:
                port, flag = getattr(self, name), f"--{name.replace('_', '-')}"
                held.append(socket.socket())
                held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    held[-1].bind(("127.0.0.1", port))
                except PermissionError:
                    raise ConfigError(f"port {port} is for root; choose one above 1023 with {flag}") from None
                except OSError:
                    taken.append(f"{port} ({flag})")
                found[name] = held[-1].getsockname()[1]
        finally:
            for each in held:
                each.close()
        if taken:
            raise ConfigError(
                f"expected free ports, found taken: {', '.join(taken)}; see by whom with: sudo ss -ltnp, end that, or "
                "choose others, 0 for a free one"
            )
        return config.from_dict(SimConfig, config.to_dict(self) | found, source="ports")


def page_key(folder: Path) -> Path:
    """File with the key that lets a person clear a stop."""
    return folder / "page.key"


def sim_set(setup: SimConfig, folder: Path) -> list[Program]:
    """The programs, in the order of their start."""
    master = f"http://127.0.0.1:{setup.master_port}"
    page = f"127.0.0.1:{setup.page_port}"
    ros = {
        "ROS_MASTER_URI": master,
        "ROS_IP": "127.0.0.1",
        "ROS_HOME": str(folder / "ros"),
        "ROS_LOG_DIR": str(folder / "ros"),
    }
    link = str(folder / "ttyDXL")
    policy = ("--scripted", f"widowx-twin:{setup.task}")
    if setup.checkpoint is not None:
        policy = ("--checkpoint", str(setup.checkpoint.absolute()))
    loop = ("run", "--robot", "widowx", "--driver", "ros", "--namespace", NAMESPACE, "--task", setup.task)
    loop += ("--bench", f"127.0.0.1:{setup.bench_port}", "--server", f"ws://127.0.0.1:{setup.server_port}")
    loop += ("--wait-for-person", "--stop-page", page, "--page-key", str(page_key(folder)))
    loop += ("--episodes", str(setup.episodes), "--seed", str(setup.seed))
    return [
        Program(
            name="master",
            command=("rosmaster", "--core", "-p", str(setup.master_port)),
            environ=ros,
            is_ready=lambda: readiness.is_master(master),
            address=master,
            # A new master knows nobody, and nobody tells it of themselves again.
            takes_along=("xs_sdk", "loop"),
        ),
        Program(
            name="twin",
            command=_clam("twin", "--task", setup.task, "--link", link, "--control-port", str(setup.bench_port)),
            environ={},
            is_ready=lambda: Path(link).exists() and readiness.listens(setup.bench_port),
            address=link,
            # The port is another one.
            takes_along=("xs_sdk", "loop"),
        ),
        Program(
            name="server",
            command=_clam("serve", *policy, "--port", str(setup.server_port)),
            environ={},
            is_ready=lambda: readiness.answers_http(f"http://127.0.0.1:{setup.server_port}/readyz"),
            address=f"ws://127.0.0.1:{setup.server_port}",
            start_timeout=180.0,
        ),
        Program(
            name="xs_sdk",
            command=_in_turn(
                ("clam_robot.cli.xs_sdk", "clam_robot.hardware.xs_sdk_node"),
                *("xs-sdk", "--port", link, "--namespace", NAMESPACE, "--reply-timeout", str(setup.reply_timeout)),
            ),
            # rospy reads it when it is loaded.
            environ=ros | {"ROS_NAMESPACE": f"/{NAMESPACE}"},
            awaits_turn=True,
            is_ready=lambda: readiness.serves_arm(master, NAMESPACE),
            address=f"/{NAMESPACE}",
            needs=("master", "twin"),
        ),
        Program(
            name="loop",
            command=_in_turn(_OF_LOOP, *loop),
            environ=ros,
            awaits_turn=True,
            is_ready=lambda: readiness.answers_http(f"http://{page}/v1/arm"),
            address=f"http://{page}/",
            needs=("master", "twin", "server", "xs_sdk"),
        ),
    ]


def _clam(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-m", _MAIN, *words)


def _in_turn(loaded: Sequence[str], *words: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-m", "clam_robot.deployment.in_turn", ",".join(loaded), _MAIN, *words)
