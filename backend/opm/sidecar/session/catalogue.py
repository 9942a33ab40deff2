"""Which models OpenCode knows, those of providers that have no key yet among them, so that one can be chosen.

Its own answer holds keys and options, so it is rebuilt name by name.
"""

from typing import Any

import msgspec

from opm.sidecar.errors import Refused

_GONE = "deprecated"


class _Limit(msgspec.Struct):
    context: float = 0
    output: float = 0


class _Cost(msgspec.Struct):
    input: float = 0
    output: float = 0


class _Capabilities(msgspec.Struct):
    toolcall: bool = False
    reasoning: bool = False


class _Model(msgspec.Struct):
    id: str
    name: str = ""
    limit: _Limit = msgspec.field(default_factory=_Limit)
    cost: _Cost = msgspec.field(default_factory=_Cost)
    status: str = ""
    capabilities: _Capabilities = msgspec.field(default_factory=_Capabilities)


class _Provider(msgspec.Struct):
    id: str
    name: str = ""
    models: dict[str, _Model] = msgspec.field(default_factory=dict[str, _Model])


class _Providers(msgspec.Struct):
    all: list[_Provider]


def reduce(body: bytes) -> list[dict[str, Any]]:
    try:
        known = msgspec.json.decode(body, type=_Providers)
    except msgspec.DecodeError as exc:
        raise Refused(502, "OpenCode's list of models cannot be understood; its version does not fit.") from exc
    return [
        {
            "id": provider.id,
            "name": provider.name or provider.id,
            "models": [_describe(model) for model in provider.models.values() if model.status != _GONE],
        }
        for provider in known.all
    ]


def _describe(model: _Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name or model.id,
        "context": int(model.limit.context),
        "output": int(model.limit.output),
        "tool_call": model.capabilities.toolcall,
        "reasoning": model.capabilities.reasoning,
        "cost_input": model.cost.input,
        "cost_output": model.cost.output,
    }
