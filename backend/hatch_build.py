"""Puts the built front end into wheel and sdist, building it first when it is stale.

From a source distribution, which has no `frontend/` beside it, the assets it carries are taken as they are.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))  # a build backend does not look beside its file
import web_assets


class WebAssetsHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling leaves its configuration type open
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        if not web_assets.FRONTEND.is_dir():
            self._take_what_is_there("this source tree has no frontend/ folder")
        elif not web_assets.are_fresh():
            self._build()

    def _build(self) -> None:
        npm = shutil.which("npm")
        if npm is None:
            self._take_what_is_there("npm is not installed, so they cannot be built")
            return
        web_assets.STAMP.unlink(missing_ok=True)
        if not (web_assets.FRONTEND / "node_modules").is_dir():
            self._npm(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        self._npm(npm, "run", "build")
        web_assets.STAMP.write_text(web_assets.digest())

    def _npm(self, npm: str, *words: str) -> None:
        self.app.display_info(f"npm {' '.join(words)} ...")
        done = subprocess.run(
            [npm, *words], cwd=web_assets.FRONTEND, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
        )
        if done.returncode:
            self.app.abort(f"`npm {' '.join(words)}` ended with status {done.returncode}")

    def _take_what_is_there(self, reason: str) -> None:
        if not (web_assets.ASSETS / "index.html").is_file():
            self.app.abort(
                f"The web pages are missing in {web_assets.ASSETS}, and {reason}. Install Node.js 20.19 or "
                "newer and build from a clone, or install a released wheel."
            )
        if web_assets.FRONTEND.is_dir():
            self.app.display_warning("packing web pages older than their sources: npm is not installed")
