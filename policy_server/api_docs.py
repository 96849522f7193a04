"""The OpenAPI page, with the requests that are read by hand because they come in two formats."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

REFERENCE = "#/components/schemas/{model}"


def json_body(request: type[Any]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads a JSON request by hand."""
    content = {"application/json": {"schema": {"$ref": REFERENCE.format(model=request.__name__)}}}
    return {"requestBody": {"required": True, "content": content}}


def document(app: FastAPI, *read_by_hand: type[Any]) -> None:
    """Have an application describe itself whole.

    Args:
        read_by_hand: requests that its routes name by `REFERENCE`.
    """

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            requests: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
                (request.__name__, "validation", TypeAdapter(request)) for request in read_by_hand
            ]
            _, definitions = TypeAdapter.json_schemas(requests, ref_template=REFERENCE)
            schema["components"]["schemas"].update(definitions["$defs"])
            schema["components"]["securitySchemes"] = {
                "key": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Api-Key KEY"}
            }
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = describe
