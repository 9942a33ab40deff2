"""What is said about how a project's agent works. A key goes in and never comes out."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from opm.server.core.texts import Said

Action = Literal["allow", "ask", "deny"]
Tool = Literal[
    "read",
    "edit",
    "glob",
    "grep",
    "list",
    "bash",
    "task",
    "todowrite",
    "question",
    "webfetch",
    "websearch",
    "lsp",
    "skill",
]
Subject = Tool | Literal["external_directory", "doom_loop"]
"""What can be allowed or not: every tool, and two habits of agents."""
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]

BUILT_IN_AGENTS = ("build", "plan", "general", "explore", "compaction", "title", "summary")
MAIN_AGENTS = ("build", "plan")
MOST_AGENTS = 20
MOST_RULES = 100


class ProviderKind(BaseModel):
    """A provider that can be chosen, with what it needs."""

    id: str
    name: str
    needs_key: bool
    base_url: str | None = Field(default=None, description="the address used when none is given")
    models: list[str] = Field(default_factory=list, description="suggestions; any other name may be given")


class Rule(Said):
    """One pattern of commands, such as ``git push *``; the last rule that fits decides."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, from_attributes=True)

    pattern: str = Field(min_length=1, max_length=500, examples=["git push *"])
    action: Action


Rules = Annotated[list[Rule], Field(min_length=1, max_length=MOST_RULES)]
Permissions = dict[Subject, Action | Rules]


class Agent(Said):
    """An agent of the project's own; its permissions come after, and so above, those of the project."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    description: str = Field(min_length=1, max_length=1000, description="tells other agents when to call it")
    mode: Literal["primary", "subagent", "all"] = Field(
        default="subagent", description="primary: runs cards; subagent: is called by others; all: both"
    )
    model: ModelName | None = Field(default=None, description="of the same provider; none: the project's")
    prompt: str = Field(min_length=1, max_length=50_000, description="replaces OpenCode's own system prompt")
    temperature: float | None = Field(default=None, ge=0, le=2)
    steps: int | None = Field(default=None, ge=1, le=1000)
    tools: dict[Tool, bool] = Field(default_factory=dict[Tool, bool])
    permissions: Permissions = Field(default_factory=dict[Subject, Action | Rules])

    @model_validator(mode="after")
    def _only_commands_have_patterns(self) -> Self:
        require_rules_of_commands(self.permissions)
        return self


AgentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class NewConfig(Said):
    """A new version. ``api_key`` None keeps the key of the version before; an empty text removes it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    provider: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", examples=["anthropic"])
    model: ModelName
    base_url: str | None = Field(default=None, max_length=2000, pattern=r"^https?://[^\s@]+$")
    api_key: str | None = Field(default=None, max_length=4000)
    instructions: str = Field(default="", max_length=100_000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    steps: int | None = Field(default=None, ge=1, le=1000, description="most answers of the model in one run")
    permissions: Permissions = Field(
        default_factory=dict[Subject, Action | Rules],
        description="per tool; what is not named has a safe default. For bash also a list of rules.",
    )
    tools: dict[Tool, bool] = Field(
        default_factory=dict[Tool, bool], description="false takes a tool away from every agent"
    )
    agents: dict[AgentName, Agent] = Field(default_factory=dict, max_length=MOST_AGENTS)
    default_agent: str | None = Field(default=None, max_length=64, description="runs the cards; none: build")
    base_version: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="what it was made from (0: nothing); refused if another is active"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        require_rules_of_commands(self.permissions)
        for name in self.agents:
            if name in BUILT_IN_AGENTS:
                raise ValueError(f"{name} is an agent of OpenCode's own; choose another name")
        chosen = self.default_agent
        if chosen is None or chosen in MAIN_AGENTS:
            return self
        if chosen not in self.agents:
            raise ValueError(f"there is no agent {chosen} to run the cards")
        if self.agents[chosen].mode == "subagent":
            raise ValueError(f"the agent {chosen} is a subagent and cannot run cards; make it primary")
        return self


def require_rules_of_commands(permissions: Permissions) -> None:
    for subject, said in permissions.items():
        if isinstance(said, list) and subject != "bash":
            raise ValueError(f"{subject} takes allow, ask or deny; patterns are for bash")


class Config(BaseModel):
    """One immutable version."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    project_id: UUID
    version: int
    is_active: bool
    provider: str
    model: str
    base_url: str | None
    api_key_set: bool
    api_key_last4: str | None
    instructions: str
    temperature: float | None
    max_tokens: int | None
    steps: int | None = None
    permissions: dict[str, Action | list[Rule]]
    tools: dict[str, bool]
    agents: dict[str, Agent] = Field(default_factory=dict)
    default_agent: str | None = None
    created_at: datetime


class Change(BaseModel):
    """One field that differs between two versions; of a key, only whether it is set and how it ends."""

    field: str
    before: Any
    after: Any
    diff: str | None = Field(default=None, description="of long texts, as a unified diff")


class Comparison(BaseModel):
    before: int
    after: int
    changes: list[Change]


class ConfigState(BaseModel):
    """Which version the pod runs; a new one reaches it before the next run, by a restart of its OpenCode."""

    active_version: int | None
    pod_version: int | None = Field(description="None: no pod runs, or one of a version that is not known any more")
    pending: bool = Field(description="the pod still runs another version than the active one")


class ModelOffer(BaseModel):
    """One model that can be chosen. What is not known is None."""

    provider: str
    provider_name: str
    model: str
    name: str
    source: Literal["pod", "suggestion"]
    context: int | None = None
    output_limit: int | None = None
    price_input: float | None = Field(default=None, description="dollars per million tokens")
    price_output: float | None = Field(default=None, description="dollars per million tokens")
    tool_call: bool | None = None
    reasoning: bool | None = None


class ModelList(BaseModel):
    """What the pod's OpenCode offers under the active version, and suggestions for the other providers."""

    source: Literal["pod", "suggestions"]
    models: list[ModelOffer]


class TestResult(BaseModel):
    """What one real call to the provider gave."""

    __test__ = False

    ok: bool
    status: int | None = Field(description="of HTTP; None: there was no answer")
    message: str = Field(description="the provider's own answer or error")
    latency_ms: int
