"""Providers that can be chosen, and how a version of a configuration is said to OpenCode."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from opm.server.db.models import OpencodeConfig
from opm.server.features.configs.schemas import ProviderKind

DEMO = "demo"
DEMO_MODEL = "scripted"
KEY_REFERENCE = "{env:OPM_PROVIDER_KEY}"
DEMO_URL = "{demo_model_url}"

PROVIDERS: dict[str, ProviderKind] = {
    kind.id: kind
    for kind in (
        ProviderKind(id=DEMO, name="Demo model (scripted)", needs_key=False, models=[DEMO_MODEL]),
        ProviderKind(
            id="anthropic",
            name="Anthropic",
            needs_key=True,
            base_url="https://api.anthropic.com/v1",
            models=["claude-sonnet-4-5", "claude-opus-4-1", "claude-haiku-4-5"],
        ),
        ProviderKind(
            id="openai",
            name="OpenAI",
            needs_key=True,
            base_url="https://api.openai.com/v1",
            models=["gpt-5", "gpt-5-mini"],
        ),
        ProviderKind(id="openrouter", name="OpenRouter", needs_key=True, base_url="https://openrouter.ai/api/v1"),
        ProviderKind(id="openai-compatible", name="Any OpenAI-compatible server", needs_key=False),
    )
}
_SPEAKS_CHAT_COMPLETIONS = {DEMO, "openai-compatible"}

SAFE_PERMISSIONS: dict[str, Any] = {
    "*": "allow",
    "bash": {
        "*": "ask",
        "ls": "allow",
        "ls *": "allow",
        "pwd": "allow",
        "git status*": "allow",
        "git diff*": "allow",
        "git log*": "allow",
    },
    "webfetch": "ask",
    "websearch": "ask",
    "external_directory": "deny",
    "doom_loop": "deny",
    "question": "allow",
}


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
    provider["models"] = {config.model: _model(config)}
    name = f"{config.provider}/{config.model}"
    build: dict[str, Any] = {} if config.temperature is None else {"temperature": config.temperature}
    return {
        "model": name,
        "small_model": name,
        "enabled_providers": [config.provider],
        "provider": {config.provider: provider},
        "agent": {"build": build},
        "permission": _permissions(config.permissions),
        "autoupdate": False,
        "share": "disabled",
    }


def prompt(config: OpencodeConfig, text: str, message_id: str) -> dict[str, Any]:
    """A prompt as OpenCode takes it."""
    body: dict[str, Any] = {
        "messageID": message_id,
        "parts": [{"type": "text", "text": text}],
        "agent": "build",
        "model": {"providerID": config.provider, "modelID": config.model},
    }
    return body | ({"system": config.instructions} if config.instructions else {})


def _model(config: OpencodeConfig) -> dict[str, Any]:
    model: dict[str, Any] = {}
    if config.provider in _SPEAKS_CHAT_COMPLETIONS:
        model = {"name": config.model, "tool_call": True, "temperature": True}
        model["limit"] = {"context": 128_000, "output": config.max_tokens or 8192}
    elif config.max_tokens is not None:
        model["limit"] = {"context": 200_000, "output": config.max_tokens}
    return model


def _permissions(chosen: Mapping[str, Any]) -> dict[str, Any]:
    return {**SAFE_PERMISSIONS, **chosen}


def digest(config: Mapping[str, Any], key: str | None) -> str:
    """Names what OpenCode is started with; the key counts but cannot be read from it."""
    text = json.dumps(config, sort_keys=True) + hashlib.sha256((key or "").encode()).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()[:32]
