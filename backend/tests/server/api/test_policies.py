"""No route without a policy, and no policy that is not kept."""

import pytest
from fastapi import FastAPI

from opm.server.api.deps import ActorDep, AdminDep
from opm.server.api.policies import KEY, SOCKETS, Policy, declared, require_policies
from opm.server.api.routing import new_router
from tests.builders import World


async def anybody() -> None: ...


async def somebody(actor: ActorDep) -> None: ...


async def somebody_of(actor: ActorDep, project: str) -> None: ...


async def administrator(actor: AdminDep) -> None: ...


def app_with(path: str, endpoint: object, policy: Policy | None, **more: object) -> FastAPI:
    router = new_router(tag="test", policy=policy)
    router.get(path, **more)(endpoint)  # pyright: ignore[reportCallIssue, reportArgumentType]
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router, prefix="/api")
    return app


@pytest.mark.parametrize(
    ("path", "endpoint", "policy"),
    [
        ("/a", anybody, Policy.PUBLIC),
        ("/a", somebody, Policy.SIGNED_IN),
        ("/projects/{project}", somebody_of, Policy.OWNER),
        ("/a", administrator, Policy.ADMIN),
        ("/a", administrator, Policy.PERSON),
    ],
)
def test_sound_policies_are_taken(path: str, endpoint: object, policy: Policy) -> None:
    require_policies(app_with(path, endpoint, policy))
    require_policies(app_with(path, endpoint, None, openapi_extra=declared(policy)))


@pytest.mark.parametrize(
    ("path", "endpoint", "policy", "why"),
    [
        ("/a", somebody, None, "declares none"),
        ("/a", anybody, Policy.SIGNED_IN, "does not depend"),
        ("/a", somebody, Policy.PERSON, "does not depend"),
        ("/a", somebody, Policy.ADMIN, "does not depend"),
        ("/a", somebody, Policy.PUBLIC, "asks who it is"),
        ("/a", somebody, Policy.OWNER, "does not fit"),
        ("/projects/{project}", somebody_of, Policy.SIGNED_IN, "does not fit"),
    ],
)
def test_others_stop_the_build(path: str, endpoint: object, policy: Policy | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        require_policies(app_with(path, endpoint, policy))


def test_a_socket_nobody_thought_about_stops_the_build() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.websocket("/api/other")(anybody)
    with pytest.raises(ValueError, match="WebSocket /api/other"):
        require_policies(app)


def test_the_document_says_who_may(small_world: World) -> None:
    said = {
        operation["operationId"]: operation[KEY]
        for methods in small_world.app().openapi()["paths"].values()
        for operation in methods.values()
    }
    assert {said[name] for name in ("launch", "refresh", "logout", "healthz", "oidc_callback")} == {"public"}
    assert said["list_people"] == "admin"
    assert said["create_token"] == "person"
    assert said["execute_task"] == "owner"
    assert {str(policy) for policy in SOCKETS.values()} <= {str(policy) for policy in Policy}
