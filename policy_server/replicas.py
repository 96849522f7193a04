"""The application on several processes or machines, under Ray Serve: where one process is not enough."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import ray
from fastapi import FastAPI
from ray import serve
from ray.serve.config import HTTPOptions

from clam_robot.errors import ServerError
from policy_server.config import ServerConfig

NAME = "clam"
_POLL_SECONDS = 0.5


class Replicas:
    """Copies of an application, on a Ray cluster that runs (RAY_ADDRESS) or on one that begins and ends with this.

    A WebSocket stays with the copy that took it, and its history there. HTTP requests go to any copy: a session over
    HTTP, `/v1/load` and `/metrics` reach one of them only, so that robots use WebSockets here, and a checkpoint is
    exchanged by starting anew. Ray itself listens on all addresses of the machine, for its other machines.

    A context manager.

    Attributes:
        url: of the WebSocket.
    """

    def __init__(
        self,
        make_app: Callable[[], FastAPI],
        config: ServerConfig,
        number: int,
        *,
        cpus: float = 1.0,
        gpus: float = 0.0,
    ) -> None:
        """Copies that do not run yet.

        Args:
            make_app: `create_app` with its arguments; runs in each copy.
            config: host and port; not 0.
            number: copies.
            cpus: of each.
            gpus: of each.

        Raises:
            ServerError: no port, TLS, or an address beyond loopback without keys.
        """
        if config.port == 0:
            raise ServerError("port: expected a port for several replicas, found 0; give one with --port")
        if config.tls_certificate is not None:
            raise ServerError("tls: several replicas are served without it; put a proxy that speaks TLS before them")
        self._make_app = make_app
        self._config = config
        self._number = number
        self._cpus, self._gpus = cpus, gpus
        self._ending = threading.Event()
        self.url = f"ws://{config.host}:{config.port}"

    def __enter__(self) -> "Replicas":
        """Start them; ready when this returns."""
        ray.init(include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
        serve.start(http_options=HTTPOptions(host=self._config.host, port=self._config.port))
        deployment: Any = serve.deployment(
            name=NAME,
            num_replicas=self._number,
            max_ongoing_requests=self._config.max_sessions,
            ray_actor_options={"num_cpus": self._cpus, "num_gpus": self._gpus},
        )(serve.ingress(self._make_app)(_Replica))
        serve.run(deployment.bind(), name=NAME, route_prefix="/")
        return self

    def wait(self) -> None:
        """Until SIGINT or SIGTERM."""

        def end(number: int, frame: FrameType | None) -> None:
            self._ending.set()

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self._ending.wait(_POLL_SECONDS):
                pass
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        serve.delete(NAME)
        serve.shutdown()
        ray.shutdown()


class _Replica:
    """One copy."""
