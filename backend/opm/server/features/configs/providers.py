"""Providers that can be chosen, and how a version of a configuration is said to OpenCode."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from opm.server.db.models import OpencodeConfig
from opm.server.features.configs import permissions
from opm.server.features.configs.schemas import ProviderKind
from opm.server.runtime.agent import encoded

DEMO = "demo"
DEMO_MODEL = "scripted"
KEY_REFERENCE = "{env:OPM_PROVIDER_KEY}"
DEMO_URL = "{demo_model_url}"
MOST_BYTES = 100 * 1024
"""What OpenCode can be told at its start, less what a runtime adds to it."""

PROVIDERS: dict[str, ProviderKind] = {
    kind.id: kind
    for kind in (
        ProviderKind(id=DEMO, name="Demo model (scripted)", needs_key=False, models=[DEMO_MODEL]),
        ProviderKind(
            id="anthropic",
            name="Anthropic",
            needs_key=True,
            base_url="https://api.anthropic.com/v1",
            models=["claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-4-5"],
        ),
        ProviderKind(
            id="openai",
            name="OpenAI",
            needs_key=True,
            base_url="https://api.openai.com/v1",
            models=["gpt-5", "gpt-5-mini"],
        ),
        ProviderKind(
            id="google",
            name="Google Gemini",
            needs_key=True,
            base_url="https://generativelanguage.googleapis.com/v1beta",
            models=["gemini-flash-latest"],
        ),
        ProviderKind(
            id="xai", name="xAI", needs_key=True, base_url="https://api.x.ai/v1", models=["grok-4.7", "grok-4.3"]
        ),
        ProviderKind(
            id="mistral",
            name="Mistral",
            needs_key=True,
            base_url="https://api.mistral.ai/v1",
            models=["codestral-latest", "mistral-large-latest"],
        ),
        ProviderKind(
            id="deepseek",
            name="DeepSeek",
            needs_key=True,
            base_url="https://api.deepseek.com/v1",
            models=["deepseek-flash", "deepseek-v4-pro"],
        ),
        ProviderKind(
            id="groq",
            name="Groq",
            needs_key=True,
            base_url="https://api.groq.com/openai/v1",
            models=["llama-3.3-70b-versatile"],
        ),
        ProviderKind(id="openrouter", name="OpenRouter", needs_key=True, base_url="https://openrouter.ai/api/v1"),
        ProviderKind(id="openai-compatible", name="Any OpenAI-compatible server", needs_key=False),
    )
}
_SPEAKS_CHAT_COMPLETIONS = {DEMO, "openai-compatible"}
IN_CATALOGUE = tuple(name for name in PROVIDERS if name not in _SPEAKS_CHAT_COMPLETIONS)
"""OpenCode knows their models, and how to speak to them, itself. All it is to list are named: it must never come upon
a provider by itself."""


def opencode_config(config: OpencodeConfig, *, has_key: bool, provider_timeout: float) -> dict[str, Any]:
    """The OpenCode configuration of one version. A key stands in it only as a reference to the environment."""
    milliseconds = int(provider_timeout * 1000)
    options: dict[str, Any] = {"headerTimeout": milliseconds, "chunkTimeout": milliseconds}
    if config.base_url or config.provider == DEMO:
        options["baseURL"] = DEMO_URL if config.provider == DEMO else config.base_url
    if has_key:
        options["apiKey"] = KEY_REFERENCE
    provider: dict[str, Any] = {"options": options}
    if config.provider in _SPEAKS_CHAT_COMPLETIONS:
        options.setdefault("apiKey", "none")
        provider |= {"npm": "@ai-sdk/openai-compatible", "name": PROVIDERS[config.provider].name}
    provider["models"] = {config.model: _model(config, config.model)}
    agents = _agents(config)
    for agent in (config.agents or {}).values():
        if agent.get("model"):
            provider["models"].setdefault(agent["model"], _model(config, agent["model"]))
    name = f"{config.provider}/{config.model}"
    return {
        "model": name,
        "small_model": name,
        "enabled_providers": _listed(config.provider),
        "provider": {config.provider: provider},
        "agent": agents,
        "default_agent": main_agent(config),
        "permission": permissions.of_all(config.permissions or {}, config.tools or {}),
        "autoupdate": False,
        "share": "disabled",
    }


def _listed(active: str) -> list[str]:
    """The others can be looked at only: without a key OpenCode connects to none of them."""
    return [active, *(name for name in IN_CATALOGUE if name != active)]


def prompt(config: OpencodeConfig, text: str, message_id: str) -> dict[str, Any]:
    """A prompt as OpenCode takes it."""
    body: dict[str, Any] = {
        "messageID": message_id,
        "parts": [{"type": "text", "text": text}],
        "agent": main_agent(config),
        "model": {"providerID": config.provider, "modelID": config.model},
    }
    return body | ({"system": config.instructions} if config.instructions else {})


def _model(config: OpencodeConfig, name: str) -> dict[str, Any]:
    """OpenCode knows those of its catalogue better than anybody here."""
    if config.provider not in _SPEAKS_CHAT_COMPLETIONS:
        return {}
    limit = {"context": 128_000, "output": config.max_tokens or 8192}
    return {"name": name, "tool_call": True, "temperature": True, "limit": limit}


def main_agent(config: OpencodeConfig) -> str:
    """The one that runs cards."""
    return config.default_agent or "build"


def _agents(config: OpencodeConfig) -> dict[str, Any]:
    common = _given(temperature=config.temperature, steps=config.steps)
    own = config.agents or {}
    agents = permissions.of_built_in(permissions.of_all(config.permissions or {}, config.tools or {}))
    for name in {"build", main_agent(config)} - own.keys():
        agents[name] = common | agents.get(name, {})
    return agents | {name: common | _agent(config, own[name]) for name in sorted(own)}


def _agent(config: OpencodeConfig, agent: Mapping[str, Any]) -> dict[str, Any]:
    model = f"{config.provider}/{agent['model']}" if agent.get("model") else None
    said = _given(model=model, temperature=agent.get("temperature"), steps=agent.get("steps"))
    permission = permissions.chosen(agent.get("permissions") or {}, agent.get("tools") or {})
    said |= {"description": agent["description"], "mode": agent["mode"], "prompt": agent["prompt"]}
    return said | ({"permission": permission} if permission else {})


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def size(config: Mapping[str, Any]) -> int:
    """Bytes."""
    return len(encoded(config).encode())


def digest(config: Mapping[str, Any], key: str | None, answer_tokens: int | None = None) -> str:
    """Names what OpenCode is started with; the key counts but cannot be read from it."""
    # not sorted: the order of permissions decides which one applies
    text = json.dumps(config) + str(answer_tokens or "") + hashlib.sha256((key or "").encode()).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()[:32]
