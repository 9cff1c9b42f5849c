"""Whatever the schema allows, and whatever it does not: no call makes the service fail, or answer what it does not announce."""

import contextlib
import dataclasses

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from support.service import HERE, serving, settings_for, template

from service.settings import Limits

EXAMPLES = 6
"""Of each call in each mode: enough to find what a list of odd values finds, in seconds."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    root = tmp_path_factory.mktemp("schema")
    made = template(root / "made" / "20260131T120000Z-sweep")
    limits = Limits(queue=100_000)
    with serving(dataclasses.replace(settings_for(root / "data", made), limits=limits)) as client:
        yield client


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_no_call_makes_the_service_fail(client, mode):
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    for found in schema.get_all_operations():
        with contextlib.suppress(Unsatisfiable):  # a call that takes nothing cannot be asked wrongly
            probe(client, found.ok(), mode)


def probe(client, operation, mode):
    @settings(
        max_examples=EXAMPLES, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        answer = client.request(**words_of(case), follow_redirects=False)
        case.validate_response(Response.from_any(answer), checks=CHECKS)

    ask()


def words_of(case):
    """A case as the client of this test takes it; no call of ours reads a cookie."""
    words = {key: value for key, value in case.as_transport_kwargs(base_url=HERE).items() if key != "cookies"}
    body = words.pop("data", None)
    return words | ({"content": body} if isinstance(body, bytes | str) else {"data": body})
