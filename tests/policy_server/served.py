"""A server in this process, its models made to order, and what may be asked of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession

from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.testing.fakes import FakePolicy, fake_spec
from clam_robot.types import ActionChunk, Observation
from policy_server.api_keys import ApiKeys, Scope
from policy_server.app import create_app
from policy_server.config import ServerConfig
from policy_server.models import Loader
from policy_server.packing import pack, unpack
from policy_server.served_model import ModelSource, OneByOne
from policy_server.stream_protocol import PATH

PATIENCE = 60.0
CAMERA = fake_spec({"front": CameraSpec(height=8, width=16)})
STATE = np.zeros(6, np.float32)
IMAGE = np.full((8, 16, 3), 90, np.uint8)


class CountingPolicy(FakePolicy):
    """Tells with its first action how many observations it has seen in this episode [thousandths]."""

    def __init__(self, spec: RobotSpec | None = None, gate: "Gate | None" = None, offset: float = 0.0) -> None:
        super().__init__(spec, horizon=2)
        self._count = 0
        self._gate = gate
        self._offset = offset

    def reset(self) -> None:
        self._count = 0

    def infer(self, observation: Observation) -> ActionChunk:
        if self._gate is not None:
            self._gate.enter(observation.time)
        if observation.state[0] == 1.0:
            raise LookupError("secret detail in /home/somebody")
        self._count += 1
        actions = np.full((2, 3), self._count / 1000 + self._offset, np.float32)
        return ActionChunk(actions=actions, observation_time=observation.time, dt=0.1)


class Gate:
    """Holds inferences up while it is shut, and tells which began, by their time."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._entered = threading.Semaphore(0)
        self.times: list[float] = []

    def enter(self, time: float) -> None:
        self.times.append(time)
        self._entered.release()
        assert self._open.wait(PATIENCE)

    def shut(self) -> None:
        """From the next inference on; those before, such as the probe's, are forgotten."""
        while self._entered.acquire(blocking=False):
            pass
        self.times.clear()
        self._open.clear()

    def wait(self) -> None:
        """Until one more has begun."""
        assert self._entered.acquire(timeout=PATIENCE)

    def open(self) -> None:
        self._open.set()


def source(name: str = "counting", spec: RobotSpec | None = None, **options: Any) -> ModelSource:  # noqa: ANN401
    return ModelSource(policy=name, group=OneByOne(lambda: CountingPolicy(spec, **options)))


@contextmanager
def serving(
    *sources: ModelSource, load: Loader | None = None, **limits: Any  # noqa: ANN401
) -> Iterator[TestClient]:  # fmt: skip
    """The models by the names of their policies, the default one first."""
    models = {each.policy: each for each in sources or (source(),)}
    app = create_app(models, ServerConfig(**limits), load=load)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def keys_in(folder: Path, **scopes: tuple[Scope, ...]) -> tuple[Path, dict[str, str]]:
    """A file of keys, and the keys by name."""
    keys, secrets = ApiKeys(), {}
    for name, for_what in scopes.items():
        keys, secrets[name] = keys.with_new(name, for_what)
    keys.write(folder / "keys.json")
    return folder / "keys.json", secrets


class Stream:
    """A client of the streaming protocol that keeps nothing from anyone."""

    def __init__(self, socket: WebSocketTestSession) -> None:
        self.socket = socket
        self.welcome = self.receive()

    def ask(self, sequence: int, **changes: object) -> None:
        message = {"type": "observation", "sequence": sequence, "observation/state": STATE}
        self.send(message | {"observation/time": float(sequence)} | changes)

    def send(self, message: object) -> None:
        self.socket.send_bytes(pack(message))

    def receive(self) -> dict[str, Any]:
        return unpack(self.socket.receive_bytes())

    def count(self, sequence: int, **changes: object) -> int:
        """How many observations of this episode the policy has seen."""
        self.ask(sequence, **changes)
        reply = self.receive()
        assert (reply["type"], reply["sequence"]) == ("chunk", sequence), reply
        return count_of(reply["actions"])


def count_of(actions: Any) -> int:  # noqa: ANN401
    return round(1000 * float(actions[0][0]))


@contextmanager
def streaming(client: TestClient, query: str = "", **options: Any) -> Iterator[Stream]:  # noqa: ANN401
    with client.websocket_connect(PATH + query, **options) as socket:
        yield Stream(socket)
