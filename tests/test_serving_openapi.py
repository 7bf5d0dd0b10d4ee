"""Whatever openapi.json describes is answered as it says."""

import hypothesis
import pytest
import schemathesis
from serving_samples import running

SECONDS = 30

LARGEST = 2**20
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_is_said")]


@pytest.fixture(scope="module")
def server(served_run):
    with running(served_run, max_request_bytes=LARGEST) as server:
        yield server


CHECKS = [
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


@pytest.mark.parametrize(
    ("mode", "methods"),
    [
        (schemathesis.GenerationMode.POSITIVE, ("predict", "classify", "status", "metadata")),
        # Of addresses alone there is nothing that the page forbids.
        (schemathesis.GenerationMode.NEGATIVE, ("predict",)),
    ],
    ids=["allowed", "forbidden"],
)
def test_whatever_the_page_describes_is_answered_as_described(server, mode, methods):
    page = schemathesis.openapi.from_url(f"http://{server.rest_address}/openapi.json")
    operations = [result.ok() for result in page.get_all_operations()]
    operations = [
        one for one in operations if one.definition.raw["operationId"].split("_")[0] in methods
    ]
    assert len(operations) == 3 * len(methods)
    for operation in operations:

        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis.settings(
            max_examples=6,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        def is_answered_as_described(case):
            answer = case.call()
            case.validate_response(answer, checks=CHECKS)
            assert answer.status_code < 500 or answer.status_code == 501

        is_answered_as_described()
