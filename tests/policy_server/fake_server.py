"""A policy server with a fake policy, as a process of its own: `python fake_server.py --policy slow --port 0`.

Prints its URL when it is ready, and "asleep" when it begins an inference that does not end.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import install_import_hook

from clam_robot.config import from_dict
from clam_robot.errors import ClamRobotError
from clam_robot.interfaces import Policy
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import FakePolicy, fake_spec
from clam_robot.types import ActionChunk, Observation

if "--type-checks" in sys.argv:
    install_import_hook("policy_server", "beartype.beartype")

from policy_server.app import create_app
from policy_server.config import ServerConfig
from policy_server.listener import listen
from policy_server.serve import serve
from policy_server.served_model import ModelSource, OneByOne

FOR_EVER = 3600.0
HORIZON = 4


class CountingPolicy(FakePolicy):
    """Tells how many observations it has seen since reset, so that a test sees whose history it is.

    The first state entry asks for trouble: 1 crash, 2 sleep, 3 NaN, 4 sudden death.
    """

    def __init__(self) -> None:
        super().__init__(horizon=HORIZON)
        self._count = 0

    def reset(self) -> None:
        self._count = 0

    def infer(self, observation: Observation) -> ActionChunk:
        trouble = round(float(observation.state[0]))
        if trouble == 1:
            raise RuntimeError("secret detail in /home/somebody")
        if trouble == 2:
            print("asleep", flush=True)
            time.sleep(FOR_EVER)
        if trouble == 4:
            os._exit(9)
        self._count += 1
        actions = np.full((HORIZON, 3), self._count / 1000, np.float32)
        actions[:, 1] = np.nan if trouble == 3 else 0.0
        latents = np.full((HORIZON, 2), self._count, np.float32)
        return ActionChunk(actions=actions, observation_time=observation.time, dt=0.1, latent_actions=latents)


class PidPolicy(FakePolicy):
    """Says which process it is in."""

    def infer(self, observation: Observation) -> ActionChunk:
        latents = np.full((HORIZON, 1), os.getpid(), np.float32)
        return replace(super().infer(observation), latent_actions=latents)


class SlowPolicy(FakePolicy):
    """Takes 300 ms."""

    def infer(self, observation: Observation) -> ActionChunk:
        time.sleep(0.3)
        return super().infer(observation)


class WordyPolicy(FakePolicy):
    """Answers a small observation with more than a socket's buffers hold, so that who reads nothing blocks it."""

    def __init__(self) -> None:
        super().__init__(horizon=200_000)


def _camera_policy(size: int) -> FakePolicy:
    spec = fake_spec({name: CameraSpec(height=size, width=size) for name in ("front", "wrist")})
    return FakePolicy(spec, horizon=10)


POLICIES: dict[str, Callable[[], Policy]] = {
    "plain": lambda: FakePolicy(horizon=HORIZON),
    "counting": CountingPolicy,
    "wordy": WordyPolicy,
    "two-cameras": lambda: _camera_policy(16),
    "two-cameras-224": lambda: _camera_policy(224),
    "three-cameras-480": lambda: FakePolicy(
        fake_spec({name: CameraSpec(height=480, width=640) for name in "abc"}), horizon=10
    ),
    "slow": SlowPolicy,
    "pid": lambda: PidPolicy(horizon=HORIZON),
    "huge": lambda: _camera_policy(1800),
}


def _source(name: str) -> ModelSource:
    return ModelSource(policy=name, group=OneByOne(POLICIES[name]), summary={"kind": "fake"})


def _serve_replicas(name: str, config: ServerConfig, number: int) -> None:
    from policy_server.replicas import Replicas

    with Replicas(lambda: create_app({"default": _source(name)}, config), config, number, cpus=0.1) as replicas:
        print(replicas.url, flush=True)
        replicas.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--policy", choices=POLICIES, default="counting")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--max-frame-bytes", type=int, default=32 * 2**20)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--config", type=json.loads, default={}, help="further fields of ServerConfig, in JSON")
    parser.add_argument("--type-checks", action="store_true")
    given = parser.parse_args()
    try:
        told = {"host": given.host, "port": given.port, "max_frame_bytes": given.max_frame_bytes}
        config = from_dict(ServerConfig, {"shutdown_timeout": 1.0} | told | given.config, source="--config")
        if given.replicas > 1:
            _serve_replicas(given.policy, config, given.replicas)
            return
        listener = listen(config)
        app = create_app({"default": _source(given.policy), "other": _source("plain")}, config)
        serve(app, config, on_ready=lambda url: print(url, flush=True), listener=listener)
    except ClamRobotError as error:
        raise SystemExit(f"{error}") from None


if __name__ == "__main__":
    main()
