"""The application: what is served where. Knows policies by their protocol and nothing of models, robots or ROS."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, WebSocket
from fastapi.responses import PlainTextResponse

from clam_robot import __version__
from clam_robot.interfaces import Policy
from clam_robot.timing import Clock, MonotonicClock
from policy_server.config import ServerConfig
from policy_server.lock_step import converse
from policy_server.policy_info import PolicyInfo
from policy_server.probe import probe
from policy_server.session import Session
from policy_server.worker import InferenceWorker


def create_app(
    make_policy: Callable[[], Policy],
    config: ServerConfig | None = None,
    *,
    name: str = "policy",
    summary: dict[str, Any] | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """An application that serves a policy; its first inference has run when this returns.

    Args:
        make_policy: gives a new instance, one for each connection; instances share weights.
        config: limits and timeouts.
        name: what clients are told the policy is called.
        summary: where it comes from, JSON-safe, for people.
        clock: measures inference.

    Raises:
        ServerError: the policy cannot answer.
    """
    config = config or ServerConfig()
    clock = clock or MonotonicClock()
    worker = InferenceWorker()
    info = probe(make_policy(), config, name=name, summary=summary or {})

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker.start()
        yield
        worker.stop(config.shutdown_timeout)

    app = FastAPI(title="clam-robot policy server", version=__version__, lifespan=lifespan)

    @app.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """The server answers, whatever the policy is doing."""
        return "OK\n"

    @app.get("/spec")
    async def spec() -> PolicyInfo:
        """The policy, and the robot it acts for."""
        return info

    @app.websocket("/")
    async def lock_step(websocket: WebSocket) -> None:
        """The openpi policy protocol."""
        await converse(websocket, Session(make_policy, info, clock), worker, clock, config.infer_timeout)

    return app
