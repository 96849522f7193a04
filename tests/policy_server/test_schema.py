"""The OpenAPI page says what the server does: requests are drawn from it, and answers are held against it."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

NUM_EXAMPLES = 25
OPERATIONS = [
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/v1/models"),
    ("GET", "/v1/spec"),
    ("POST", "/v1/load"),
    ("POST", "/v1/act"),
    ("POST", "/act"),
]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@schemathesis.serializer("application/msgpack")
def send_as_it_is(_: object, value: object) -> object:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def url(module_server: Callable[..., Any]) -> str:
    return module_server("--policy", "counting").url.replace("ws:", "http:")


@pytest.fixture(scope="module")
def schema(url: str) -> Any:  # noqa: ANN401
    return schemathesis.openapi.from_url(f"{url}/openapi.json")


def test_every_operation_is_tried(schema: Any) -> None:  # noqa: ANN401
    found = {(operation.ok().method.upper(), operation.ok().path) for operation in schema.get_all_operations()}
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("method_and_path", OPERATIONS, ids=" ".join)
def test_the_server_does_what_its_schema_says(schema: Any, method_and_path: tuple[str, str]) -> None:  # noqa: ANN401
    method, path = method_and_path
    operation = schema[path][method]
    modes = schemathesis.GenerationMode
    cases: st.SearchStrategy[Case] = st.one_of(
        operation.as_strategy(generation_mode=modes.POSITIVE), operation.as_strategy(generation_mode=modes.NEGATIVE)
    )

    @settings(
        max_examples=NUM_EXAMPLES,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=cases)
    def try_out(case: Case) -> None:
        case.call_and_validate(checks=CHECKS)

    try_out()
