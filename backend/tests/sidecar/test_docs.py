"""The reference page of the sidecars names every route and every variable, and none that is not there."""

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.routing import BaseRoute, Route

from opm.sidecar import seed, settings
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.change import Changes
from opm.sidecar.files.routes import FilesApi
from opm.sidecar.session.routes import routes

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "sidecars.md").read_text()


def served(found: list[BaseRoute]) -> set[str]:
    plain = [route for route in found if isinstance(route, Route)]
    return {f"{method} {route.path}" for route in plain for method in (route.methods or set()) - {"HEAD"}}


def test_every_route_is_on_the_page(tmp_path: Path) -> None:
    beneath = Beneath(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        files = FilesApi(beneath, Changes(beneath), pool, asyncio.Event()).routes()
    beneath.close()
    table = [line for line in PAGE.splitlines() if line.startswith("| `")]
    told = {
        route for line in table for route in re.findall(r"`((?:GET|POST|PUT|DELETE) /[^?`]*)", line.split(" | ")[0])
    }

    assert told == served(files) | served(routes())


def test_every_variable_is_on_the_page() -> None:
    source = "".join(Path(os.fspath(module.__file__ or "")).read_text() for module in (settings, seed))

    assert set(re.findall(r"OPM_POD_[A-Z_]+", source)) == set(re.findall(r"OPM_POD_[A-Z_]+", PAGE))
