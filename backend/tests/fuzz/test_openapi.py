"""Two hundred requests made from the OpenAPI document for each operation of the running product.

Whatever is sent, no answer is a 5xx, and every answer has the status, the type and the shape that the document
promises. Half of the ids are of things that are there: behind an unknown project every operation looks well.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from opm.server.api.policies import KEY, Policy
from opm.server.app import create_app
from opm.server.core.settings import Settings
from tests.database import BOTH, address_of
from tests.e2e.served import Served
from tests.fuzz.grounds import ONE_FOR_EACH_CASE, Grounds
from tests.postgres import execute

pytestmark = [pytest.mark.opencode, pytest.mark.slow, pytest.mark.timeout(900)]

CASES = int(os.environ.get("OPM_FUZZ_CASES", "200"))
MOST_MADE = 25
"""Of what a case destroys, so many are made; a run of an agent takes seconds."""
STRANGERS = min(CASES, 10)
"""Cases that are asked again without a sign-in, and with a wrong one."""
CHECKS = cast(
    "list[CheckFunction]",
    [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ],
)
ENDLESS = frozenset({"stream_output"})
"""Only their heads are looked at."""
SIGN_INS = frozenset({"launch", "refresh", "logout", "logout_everywhere"})
"""Asked by a stranger: the sign-in that everything else needs must outlive them."""


def document() -> dict[str, Any]:
    return create_app(Settings(), background=False).openapi()


SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS: dict[str, Any] = {
    operation.definition.raw["operationId"]: operation
    for operation in (cast("Any", found).ok() for found in SCHEMA.get_all_operations())
}


@pytest.fixture(scope="module")
def fuzzed_postgres_url(postgres_server: str) -> Iterator[str]:
    name = f"opm_fuzz_{uuid4().hex}"
    asyncio.run(execute(postgres_server, f'CREATE DATABASE "{name}"'))
    yield address_of(postgres_server, name)
    asyncio.run(execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture(scope="module", params=BOTH)
def grounds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    """Over the embedded database, then over PostgreSQL, which judges texts and numbers more strictly."""
    home: Path = tmp_path_factory.mktemp("fuzz")
    more: dict[str, str] = {}
    if request.param == "postgres":
        more["OPM_DATABASE__URL"] = request.getfixturevalue("fuzzed_postgres_url")
    served = Served(
        home, OPM_LOG__LEVEL="WARNING", OPM_PROVIDERS__TEST_TIMEOUT="1", OPM_PROVIDERS__ALLOW_PRIVATE="never", **more
    )
    try:
        served.start()
        yield Grounds.lay(served)
    finally:
        served.end()


def head_of(case: schemathesis.Case, address: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status and type of an answer that may have no end; the library's own way would read it all."""
    request: dict[str, Any] = case.as_transport_kwargs(base_url=address, headers=headers)
    with requests.Session() as session, session.request(**request, stream=True, timeout=60) as answer:
        return answer.status_code, answer.headers["content-type"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_is_as_the_document_says(
    grounds: Grounds, name: str, record_property: Callable[[str, object], None]
) -> None:
    operation = OPERATIONS[name]
    headers = {} if name in SIGN_INS else grounds.headers()

    parts = [each.name for each in operation.path_parameters]
    destroyed = parts[-1] if name in ONE_FOR_EACH_CASE else None
    known = {part: [] if part == destroyed else grounds.known(name, part) for part in parts}
    made = 0
    session = requests.Session()
    session.trust_env = False
    seen: set[int] = set()

    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=operation.as_strategy(), data=st.data())
    def every_case(case: schemathesis.Case, data: st.DataObject) -> None:
        nonlocal made
        there = data.draw(st.integers(0, 3)) > 0
        for part, ids in known.items():
            found = ids
            if part == destroyed and there and made < MOST_MADE:
                found, made = grounds.known(name, part), made + 1
            if there and found:
                case.path_parameters[part] = data.draw(st.sampled_from(found))
        if name == "create_project" and isinstance(case.body, dict):
            case.body.pop("git", None)  # no case may reach for the network
        if name in ENDLESS:
            status, kind = head_of(case, grounds.served.url, headers)
            seen.add(status)
            assert status < 500
            assert kind.startswith("text/event-stream" if status == 200 else "application/json")
            return
        answer = case.call(base_url=grounds.served.url, headers=headers, session=session, timeout=60)
        seen.add(answer.status_code)
        if answer.status_code == 503:
            # a part of the pod is away: no failure of the server, when the answer says when to ask again
            assert answer.headers["retry-after"]
            case.validate_response(answer, checks=CHECKS[1:])
        else:
            case.validate_response(answer, checks=CHECKS)

    try:
        every_case()
    finally:
        session.close()
        grounds.tidy()
    record_property("statuses", sorted(seen))


@pytest.mark.parametrize(
    "name", sorted(name for name, found in OPERATIONS.items() if found.definition.raw[KEY] != Policy.PUBLIC)
)
def test_no_answer_comes_without_a_sign_in(grounds: Grounds, name: str) -> None:
    """What the owner is answered, a stranger is not, nor somebody with a wrong token."""
    operation = OPERATIONS[name]
    known = {each.name: grounds.ids[each.name] for each in operation.path_parameters}
    session = requests.Session()
    session.trust_env = False

    @settings(
        max_examples=STRANGERS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=operation.as_strategy())
    def every_case(case: schemathesis.Case) -> None:
        for part, ids in known.items():
            if ids:
                case.path_parameters[part] = ids[0]
        if name == "create_project" and isinstance(case.body, dict):
            case.body.pop("git", None)
        for shown in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Bearer opm_pat_guess"}):
            answer = case.call(base_url=grounds.served.url, headers=shown, session=session, timeout=60)
            assert answer.status_code == 401, f"{name}: {answer.status_code}"

    try:
        every_case()
    finally:
        session.close()


def test_the_library_agrees_that_sign_ins_are_not_ignored(grounds: Grounds) -> None:
    """Its own check, on an operation that succeeds: it asks again without the token and with a wrong one."""
    case = OPERATIONS["list_projects"].Case()
    answer = case.call(base_url=grounds.served.url, headers=grounds.headers(), timeout=60)
    assert answer.status_code == 200
    case.validate_response(answer, checks=cast("list[CheckFunction]", [ignored_auth]), headers=grounds.headers())
