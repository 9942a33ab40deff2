"""What OpenCode is told: the chosen model and nothing else, the key by reference only, safe permissions."""

import json
from typing import Any

from opm.server.db.models import OpencodeConfig
from opm.server.features.configs import providers


def row(**given: Any) -> OpencodeConfig:
    plain = {"provider": "anthropic", "model": "claude", "permissions": {}, "instructions": "", "base_url": None}
    return OpencodeConfig(**(plain | given))


def said(*, has_key: bool = True, **given: Any) -> dict[str, Any]:
    return providers.opencode_config(row(**given), has_key=has_key, provider_timeout=2.5)


def test_one_provider_and_one_model_are_enabled() -> None:
    config = said()
    assert config["model"] == config["small_model"] == "anthropic/claude"
    assert config["enabled_providers"][:3] == ["anthropic", "openai", "google"]
    assert sorted(config["enabled_providers"]) == sorted(providers.IN_CATALOGUE)
    assert list(config["provider"]) == ["anthropic"]
    assert list(config["provider"]["anthropic"]["models"]) == ["claude"]
    assert (config["autoupdate"], config["share"]) == (False, "disabled")


def test_the_key_is_only_referred_to() -> None:
    assert said()["provider"]["anthropic"]["options"]["apiKey"] == "{env:OPM_PROVIDER_KEY}"
    assert "apiKey" not in said(has_key=False)["provider"]["anthropic"]["options"]


def test_a_server_without_keys_is_told_that_there_is_none() -> None:
    provider = said(provider="openai-compatible", base_url="http://x/v1", has_key=False)["provider"]
    assert provider["openai-compatible"]["options"]["apiKey"] == "none"
    assert provider["openai-compatible"]["options"]["baseURL"] == "http://x/v1"
    assert provider["openai-compatible"]["npm"] == "@ai-sdk/openai-compatible"


def test_the_demo_models_address_is_filled_in_by_the_runtime() -> None:
    provider = said(provider="demo", model="scripted", has_key=False)["provider"]
    assert provider["demo"]["options"]["baseURL"] == "{demo_model_url}"


def test_waiting_has_an_end() -> None:
    options = said()["provider"]["anthropic"]["options"]
    assert options["headerTimeout"] == options["chunkTimeout"] == 2500


def test_limits_and_temperature_are_passed_on() -> None:
    config = said(max_tokens=321, temperature=0.3, provider="openai-compatible", base_url="http://x/v1")
    assert config["agent"]["build"]["temperature"] == 0.3
    limit = config["provider"]["openai-compatible"]["models"]["claude"]["limit"]
    assert limit == {"context": 128_000, "output": 321}


def test_of_models_that_opencode_knows_nothing_is_said_that_it_knows_better() -> None:
    assert said(max_tokens=321)["provider"]["anthropic"]["models"] == {"claude": {}}


def test_nothing_dangerous_is_allowed_unasked() -> None:
    permissions = said()["permission"]
    assert "*" not in permissions, "it would come after, and undo, what OpenCode itself asks for"
    assert permissions["bash"]["*"] == "ask"
    assert next(iter(permissions["bash"])) == "*", "OpenCode takes the last rule that fits"
    assert permissions["webfetch"] == "ask"
    assert permissions["external_directory"] == "deny"


def test_choices_of_people_win() -> None:
    permissions = said(permissions={"bash": "deny", "edit": "ask"})["permission"]
    assert (permissions["bash"], permissions["edit"], permissions["webfetch"]) == ("deny", "ask", "ask")
    assert said()["permission"]["bash"] != "deny"


def test_a_prompt_names_its_model_and_id() -> None:
    body = providers.prompt(row(instructions="Be brief"), "Brew", "msg_1")
    assert body["messageID"] == "msg_1"
    assert body["parts"] == [{"type": "text", "text": "Brew"}]
    assert body["model"] == {"providerID": "anthropic", "modelID": "claude"}
    assert body["system"] == "Be brief"
    assert "system" not in providers.prompt(row(), "Brew", "msg_1")


def test_the_digest_tells_configurations_and_keys_apart() -> None:
    config = said()
    digests = [
        providers.digest(config, "key-1"),
        providers.digest(config, "key-2"),
        providers.digest(config, None),
        providers.digest(config, "key-1", 321),
        providers.digest(said(temperature=0.1), "key-1"),
        providers.digest(said(model="other"), "key-1"),
    ]
    assert len(set(digests)) == 6
    assert providers.digest(json.loads(json.dumps(said())), "key-1") == digests[0]
    assert all("key" not in digest and len(digest) == 32 for digest in digests)


def test_tools_that_are_off_are_denied_whatever_is_permitted() -> None:
    permissions = said(tools={"webfetch": False, "read": True}, permissions={"webfetch": "allow"})["permission"]
    assert permissions["webfetch"] == "deny"
    assert "read" not in permissions


def test_rules_of_commands_keep_their_order_and_ask_for_the_rest() -> None:
    rules = [{"pattern": "git *", "action": "allow"}, {"pattern": "git push *", "action": "deny"}]
    permissions = said(permissions={"bash": rules})["permission"]
    assert list(permissions["bash"].items()) == [("*", "ask"), ("git *", "allow"), ("git push *", "deny")]
    turned = said(permissions={"bash": rules[::-1]})
    assert providers.digest(turned, None) != providers.digest(said(permissions={"bash": rules}), None)


def test_agents_of_the_projects_own_bring_prompt_model_and_limits() -> None:
    reviewer = {
        "description": "Reviews",
        "mode": "primary",
        "prompt": "You review.",
        "model": "small",
        "temperature": 0.1,
        "tools": {"bash": False},
        "permissions": {"edit": "deny"},
    }
    config = said(agents={"reviewer": reviewer}, default_agent="reviewer", steps=7, temperature=0.9)
    agent = config["agent"]["reviewer"]
    assert (agent["prompt"], agent["model"], agent["temperature"]) == ("You review.", "anthropic/small", 0.1)
    assert (agent["steps"], agent["permission"]) == (7, {"edit": "deny", "bash": "deny"})
    assert config["agent"]["build"] == {"temperature": 0.9, "steps": 7}
    assert set(config["provider"]["anthropic"]["models"]) == {"claude", "small"}
    assert config["default_agent"] == "reviewer"
    assert providers.prompt(row(default_agent="reviewer"), "x", "msg_1")["agent"] == "reviewer"
