"""What the server says of itself: its models, its health, its figures; and the exchange of a checkpoint."""

import json
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from clam_robot import config
from clam_robot.errors import ConfigError
from policy_server.api_docs import json_body
from policy_server.http_body import read_body
from policy_server.metrics import CONTENT_TYPE
from policy_server.policy_info import PolicyInfo
from policy_server.refusals import Refused, RefusedAnswer
from policy_server.service import PolicyService

MAX_LOAD_BYTES = 64 * 2**10


@dataclass(frozen=True, kw_only=True)
class ModelNames(config.Strict):
    """What is served.

    Attributes:
        models: names, the default one first.
    """

    models: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LoadRequest(config.Strict):
    """A checkpoint to serve from now on.

    Attributes:
        checkpoint: its folder, below the server's folder of checkpoints.
        model: to be replaced; the default one without.
    """

    checkpoint: str
    model: str | None = None


def info_routes(service: PolicyService) -> APIRouter:
    """The routes of a service."""
    router = APIRouter()

    @router.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """The server answers, whatever the policy is doing."""
        return "OK\n"

    @router.get("/readyz", response_class=PlainTextResponse, responses={503: {"description": "not now; says why"}})
    async def readyz() -> Response:
        """Robots get answers: the models are warm and no inference hangs."""
        hung = service.batcher.busy_seconds
        if not service.batcher.is_alive:
            return PlainTextResponse("not started, or stopping\n", 503)
        if hung > service.config.infer_timeout:
            return PlainTextResponse(f"an inference has taken {hung:.0f} s so far; restart the server\n", 503)
        return PlainTextResponse("OK\n")

    @router.get("/metrics", response_class=PlainTextResponse, responses=_refusals(401, 403))
    async def metrics(request: Request) -> Response:
        """Counters for Prometheus."""
        _admit(service, request)
        return Response(service.metrics.exposition(), media_type=CONTENT_TYPE)

    @router.get("/v1/models", responses=_refusals(401, 403))
    async def models(request: Request) -> ModelNames:
        """Names of the models, the default one first."""
        _admit(service, request)
        return ModelNames(models=service.models.names)

    @router.get("/v1/spec", responses=_refusals(401, 403, 404, 422))
    async def spec(request: Request, model: str | None = None) -> PolicyInfo:
        """A model, and the robot it acts for."""
        _admit(service, request)
        return service.models.get(model).info

    @router.post("/v1/load", responses=_refusals(401, 403, 404, 413, 422), openapi_extra=json_body(LoadRequest))
    async def load(request: Request) -> PolicyInfo:
        """Serve another checkpoint; every robot goes over to it with its next episode.

        On any failure the old one stays. Needs a key with scope admin where the server has keys.
        """
        service.admit(request.headers.get("authorization"), "admin")
        asked = _load_request(await read_body(request, MAX_LOAD_BYTES, service.config.infer_timeout))
        return (await service.models.replace(asked.model, asked.checkpoint)).info

    return router


def _admit(service: PolicyService, request: Request) -> None:
    """Who may ask for actions or exchange models may also look."""
    header = request.headers.get("authorization")
    try:
        service.admit(header, "infer")
    except Refused as error:
        if error.code != "forbidden":
            raise
        service.admit(header, "admin")


def _load_request(body: bytes) -> LoadRequest:
    try:
        return config.from_dict(LoadRequest, json.loads(body), source="request")
    except (ValueError, RecursionError) as error:
        words = str(error) if isinstance(error, ConfigError) else "request: expected JSON, found none"
        raise Refused("invalid_request", words) from None


def _refusals(*statuses: int) -> dict[int | str, dict[str, object]]:
    return {status: {"model": RefusedAnswer} for status in statuses}
