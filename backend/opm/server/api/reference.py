"""Interactive documentation of the API, from the built front end: nothing is fetched from elsewhere."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from opm.server.api.policies import Policy, declared
from opm.server.api.spa import not_built, package_folder


def documentation(folder: Path) -> APIRouter:
    """`folder` is that of the built front end."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs", openapi_extra=declared(Policy.PUBLIC))
    async def interactive_docs() -> Response:  # pyright: ignore[reportUnusedFunction]  the router has it
        page = folder / "docs.html"
        return FileResponse(page, headers={"Cache-Control": "no-cache"}) if page.is_file() else not_built()

    return router


router = documentation(package_folder())
