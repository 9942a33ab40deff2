"""What a volume is to hold when a pod starts on it; `opm sidecar seed` makes it so."""

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or {"..", ".git"} & set(parts):
        raise ValueError(f"{path!r} cannot be part of a new workspace")
    return path


Inside = Annotated[str, AfterValidator(_inside)]


class Seed(BaseModel):
    """Paths to texts. The workspace is written once and committed; of the home, some files at every start."""

    model_config = ConfigDict(extra="forbid")

    workspace: dict[Inside, str] = Field(default_factory=dict[str, str])
    home: dict[Inside, str] = Field(default_factory=dict[str, str])
    home_once: dict[Inside, str] = Field(default_factory=dict[str, str])
    author: tuple[str, str]
