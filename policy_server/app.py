"""The application: what is served where. Knows policies by their protocol and nothing of models, robots or ROS."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from clam_robot import __version__, config
from clam_robot.errors import ClamRobotError
from clam_robot.interfaces import Policy
from clam_robot.timing import Clock, MonotonicClock
from policy_server.act_request import ActRequest
from policy_server.act_routes import act_routes
from policy_server.api_docs import document
from policy_server.api_keys import ApiKeys
from policy_server.config import ServerConfig
from policy_server.info_routes import LoadRequest, info_routes
from policy_server.lock_step import converse
from policy_server.models import Loader
from policy_server.refusals import Refusal, Refused, RefusedAnswer, refused
from policy_server.served_model import ModelSource, OneByOne
from policy_server.service import PolicyService
from policy_server.stream import stream
from policy_server.stream_protocol import PATH


def create_app(
    models: Mapping[str, ModelSource] | Callable[[], Policy],
    server: ServerConfig | None = None,
    *,
    load: Loader | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """An application that serves models; each has answered once when this returns.

    Args:
        models: by name, the default one first; or what makes the instances of a single policy.
        server: limits and timeouts, and where the keys are.
        load: reads a checkpoint, for `POST /v1/load`; None where none can be loaded.
        clock: measures.

    Raises:
        ServerError: a policy cannot answer.
        ConfigError: the file of keys is none.
    """
    server = server or ServerConfig()
    if not isinstance(models, Mapping):
        models = {"default": ModelSource(policy="policy", group=OneByOne(models))}
    keys = None if server.keys is None else ApiKeys.read(server.keys)
    service = PolicyService(models, server, clock or MonotonicClock(), load=load, keys=keys)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop()

    app = FastAPI(title="clam-robot policy server", version=__version__, lifespan=lifespan)
    app.include_router(info_routes(service))
    app.include_router(act_routes(service))
    _answer_errors(app, service)
    document(app, ActRequest, LoadRequest)

    @app.websocket("/")
    async def lock_step(websocket: WebSocket) -> None:
        """The openpi policy protocol."""
        await converse(websocket, service)

    @app.websocket(PATH)
    async def streaming(websocket: WebSocket) -> None:
        """Observations as they come, the newest answered."""
        await stream(websocket, service)

    return app


def _answer_errors(app: FastAPI, service: PolicyService) -> None:
    """Every failure of an HTTP request becomes one short answer of one form."""

    def answer(error: Refused, status: int | None = None) -> Response:
        service.metrics.count_reject(error.code)
        body = config.to_dict(RefusedAnswer(error=Refusal(code=error.code, message=str(error))))
        return JSONResponse(body, status or error.http_status)

    @app.exception_handler(ClamRobotError)
    async def on_ours(_: Request, error: ClamRobotError) -> Response:
        return answer(refused(error))

    @app.exception_handler(RequestValidationError)
    async def on_misfit(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query"))
        found = f"{first.get('input')!r:.40}"
        return answer(Refused("invalid_request", f"{where or 'request'}: {first['msg']}, found {found}"))

    @app.exception_handler(HTTPException)
    async def on_path(_: Request, error: HTTPException) -> Response:
        response = answer(Refused("not_found", f"{error.detail}; see /docs for what there is"), error.status_code)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def on_surprise(_: Request, error: Exception) -> Response:  # which is logged by whoever runs the application
        return answer(refused(error))
