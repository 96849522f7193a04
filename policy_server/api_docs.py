"""The OpenAPI page, with the requests that are read by hand because they come in two formats."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from policy_server.act_request import ActRequest

REFERENCE = "#/components/schemas/{model}"


def document(app: FastAPI) -> None:
    """Have an application describe itself whole."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            _, read_by_hand = models_json_schema([(ActRequest, "validation")], ref_template=REFERENCE)
            schema["components"]["schemas"].update(read_by_hand["$defs"])
            schema["components"]["securitySchemes"] = {
                "key": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Api-Key KEY"}
            }
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = describe
