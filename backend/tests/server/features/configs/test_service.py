"""Versions that never change, one active; keys that go in, serve one provider at one address, and never come out."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, Internal, Invalid, NotFound, Stale
from opm.server.core.paging import PageRequest
from opm.server.db.models import AuditLog, OpencodeConfig
from opm.server.features.configs import providers
from opm.server.features.configs.schemas import Comparison, Config, NewConfig, Rule
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.runtime.agent import encoded
from opm.server.wiring import Scope
from tests.builders import World

KEY = "sk-live-0123456789-abcd"
OPENAI = {"provider": "openai-compatible", "model": "m", "base_url": "http://127.0.0.1:8080/v1"}


class Shelf:
    def __init__(self, world: World, ann: Actor, project: ProjectSummary) -> None:
        self.world = world
        self.ann = ann
        self.project = project

    async def save(self, **more: Any) -> Config:
        return await self.world.config(self.ann, self.project, **more)

    async def active(self) -> Config:
        return await self.world.do(lambda s: s.configs.active(self.ann, self.project.slug), write=False)

    async def activate(self, version: int) -> Config:
        return await self.world.do(lambda s: s.configs.activate(self.ann, self.project.slug, version))

    async def versions(self) -> list[Config]:
        page = await self.world.do(
            lambda s: s.configs.versions(self.ann, self.project.slug, PageRequest()), write=False
        )
        return page.items

    async def size(self, **more: Any) -> int:
        """Bytes that OpenCode is told under a new version."""
        await self.save(api_key=KEY, **more)
        spec = await self.world.do(lambda s: s.workspaces.spec(self.project.id), write=False)
        return len(encoded(spec.opencode_config).encode())

    async def key(self) -> str | None:
        async def read(scope: Scope) -> str | None:
            project = await scope.projects.require(self.ann, self.project.slug)
            return scope.configs.key_of(await scope.configs.require_active(project))

        return await self.world.do(read, write=False)


@pytest.fixture
async def shelf(world: World) -> Shelf:
    ann = await world.person("ann")
    return Shelf(world, ann, await world.project(ann))


async def test_a_new_project_works_with_the_demo_model(shelf: Shelf) -> None:
    config = await shelf.active()
    assert (config.provider, config.model, config.version, config.is_active) == ("demo", "scripted", 1, True)
    assert not config.api_key_set


async def test_saving_makes_a_version_and_leaves_the_old_ones(shelf: Shelf) -> None:
    first = await shelf.active()
    second = await shelf.save(api_key=KEY, instructions="Be brief", temperature=0.2, max_tokens=500)
    third = await shelf.save(model="claude-opus-4-1")
    assert [config.version for config in await shelf.versions()] == [3, 2, 1]
    assert [config.is_active for config in await shelf.versions()] == [True, False, False]
    kept = (await shelf.versions())[1:]
    assert kept == [second.model_copy(update={"is_active": False}), first.model_copy(update={"is_active": False})]
    assert await shelf.active() == third
    assert (kept[0].instructions, kept[0].temperature, kept[0].max_tokens) == ("Be brief", 0.2, 500)
    assert (third.instructions, third.temperature) == ("", None)


async def test_a_version_made_from_one_that_is_active_no_more_is_refused(shelf: Shelf) -> None:
    assert (await shelf.save(api_key=KEY, base_version=1)).version == 2
    with pytest.raises(Stale) as caught:
        await shelf.save(api_key=KEY, base_version=1)
    assert caught.value.details == {"current_version": 2}
    await shelf.activate(1)
    assert (await shelf.save(api_key=KEY, base_version=1)).version == 3


async def test_an_old_version_can_be_taken_up_again(shelf: Shelf) -> None:
    await shelf.save(api_key=KEY)
    heard = len(shelf.world.announced("project_changed"))
    assert (await shelf.activate(1)).is_active
    assert (await shelf.active()).version == 1
    assert [config.is_active for config in await shelf.versions()] == [False, True]
    await shelf.activate(1)
    assert len(shelf.world.announced("project_changed")) == heard + 1
    assert (await shelf.save(api_key=KEY)).version == 3
    for version in (0, 4, -1):
        with pytest.raises(NotFound):
            await shelf.activate(version)


async def test_many_that_save_at_once_get_versions_of_their_own(shelf: Shelf) -> None:
    saved = await asyncio.gather(*(shelf.save(api_key=KEY, model=f"m{n}") for n in range(6)))
    assert sorted(config.version for config in saved) == [2, 3, 4, 5, 6, 7]
    assert [config.is_active for config in await shelf.versions()].count(True) == 1
    assert (await shelf.active()).version == 7


async def test_a_key_is_kept_replaced_and_removed(shelf: Shelf) -> None:
    assert (await shelf.save(api_key=KEY)).api_key_last4 == "abcd"
    assert (await shelf.save(model="claude-opus-4-1")).api_key_set
    assert await shelf.key() == KEY
    assert (await shelf.save(api_key="sk-other-9876543210")).api_key_last4 == "3210"
    assert await shelf.key() == "sk-other-9876543210"
    await shelf.save(**OPENAI, api_key="sk-third-0123456789")
    assert not (await shelf.save(**OPENAI, api_key="")).api_key_set
    assert await shelf.key() is None
    await shelf.activate(2)
    assert await shelf.key() == KEY, "another provider's is not touched"


async def test_a_removed_key_comes_back_with_no_version(shelf: Shelf) -> None:
    await shelf.save(api_key=KEY)
    await shelf.save(model="claude-opus-4-1")
    assert not (await shelf.save(api_key="")).api_key_set
    assert [config.api_key_set for config in await shelf.versions()] == [False] * 4
    (told,) = [line for line in await shelf.world.rows(AuditLog) if line.action == "secret.deleted"]
    assert (told.user_id, told.details) == (shelf.ann.user_id, {"provider": "anthropic"})
    assert {config.api_key_last4 for config in await shelf.versions()} == {None}
    for refused in (shelf.activate(2), shelf.save(model="claude-opus-4-1")):
        with pytest.raises(Invalid) as caught:
            await refused
        assert caught.value.details == {"field": "api_key", "reason": "required"}
    assert (await shelf.active()).version == 4


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"provider": "openai", "model": "gpt-5"},
        {"base_url": "https://collector.example/v1"},
        {"provider": "openrouter", "model": "m"},
    ],
)
async def test_a_key_is_not_carried_to_another_host(shelf: Shelf, elsewhere: dict[str, str]) -> None:
    await shelf.save(api_key=KEY)
    with pytest.raises(Invalid) as caught:
        await shelf.save(**elsewhere)
    assert caught.value.details == {"field": "api_key", "reason": "required"}
    assert (await shelf.active()).version == 2
    assert not (await shelf.save(**OPENAI)).api_key_set


async def test_the_end_of_a_short_key_is_not_shown(shelf: Shelf) -> None:
    config = await shelf.save(api_key="short-key")
    assert (config.api_key_set, config.api_key_last4) == (True, None)


async def test_a_key_never_comes_out(shelf: Shelf) -> None:
    world = shelf.world
    config = await shelf.save(api_key=KEY)
    await shelf.save(instructions="again")
    rows = await world.rows(OpencodeConfig)
    told = [config.model_dump_json(), repr(config), repr(await shelf.versions()), repr(rows)]
    told += [repr(vars(row)) for row in rows]
    told += [repr(vars(line)) for line in await world.rows(AuditLog)]
    told += [message.body.decode() for message in world.bus.messages]
    spec = await world.do(lambda s: s.workspaces.spec(shelf.project.id), write=False)
    assert spec.provider_key == KEY
    told += [repr(spec), str(spec.opencode_config), spec.digest]
    assert not [text for text in told if KEY in text or KEY[3:-4] in text]
    assert [line.action for line in await world.rows(AuditLog)].count("secret.set") == 1


async def test_what_is_kept_cannot_be_read_or_moved(shelf: Shelf) -> None:
    """The stored text opens in its own row alone."""
    world = shelf.world
    await shelf.save(api_key=KEY)
    other = await world.project(shelf.ann, "Other")
    await world.config(shelf.ann, other, api_key="sk-other-9876543210")
    mine, his = [row for row in await world.rows(OpencodeConfig) if row.version == 2]
    assert mine.provider_api_key_encrypted is not None
    assert KEY not in mine.provider_api_key_encrypted.value
    assert mine.provider_api_key_encrypted.value.startswith("v1.test.")

    async def swap(scope: Scope) -> None:
        row = await scope.configs.by_id(his.id)
        row.provider_api_key_encrypted = mine.provider_api_key_encrypted

    await world.do(swap)

    async def read(scope: Scope) -> str | None:
        return scope.configs.key_of(await scope.configs.by_id(his.id))

    with pytest.raises(Internal):
        await world.do(read, write=False)
    assert await shelf.key() == KEY


async def test_what_a_provider_needs_is_asked_for(shelf: Shelf) -> None:
    for wrong, field in (
        ({"provider": "anthropic"}, "api_key"),
        ({"provider": "openai", "api_key": " "}, "api_key"),
        ({"provider": "openai-compatible", "model": "m"}, "base_url"),
    ):
        with pytest.raises(Invalid) as caught:
            await shelf.save(**wrong)
        assert caught.value.details["field"] == field
    assert (await shelf.active()).provider == "demo"
    assert (await shelf.save(provider="my-own", model="m")).provider == "my-own"


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "Anthropic"},
        {"provider": "a/b"},
        {"model": ""},
        {"base_url": "ftp://x"},
        {"base_url": "http://user:pw@host/v1"},
        {"base_url": "javascript:alert(1)"},
        {"temperature": 2.1},
        {"max_tokens": 0},
        {"permissions": {"bash": "yes"}},
        {"permissions": {"edit": [{"pattern": "*", "action": "deny"}]}},
        {"permissions": {"bash": []}},
        {"permissions": {"no-such-tool": "ask"}},
        {"tools": {"bash": "sometimes"}},
        {"tools": {"doom_loop": False}},
        {"steps": 0},
        {"agents": {"Bad Name": {"description": "d", "prompt": "p"}}},
        {"agents": {"build": {"description": "d", "prompt": "p"}}},
        {"agents": {"own": {"description": "d", "prompt": ""}}},
        {"default_agent": "nobody"},
        {"default_agent": "own", "agents": {"own": {"description": "d", "prompt": "p", "mode": "subagent"}}},
    ],
)
def test_shapes_refuse_what_makes_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NewConfig.model_validate({"provider": "anthropic", "model": "m"} | wrong)


def speakers(size: int) -> dict[str, Any]:
    """Agents whose prompts come to so many characters, which are two bytes each."""
    lengths = [min(50_000, size - begun) for begun in range(0, size, 50_000)]
    return {f"agent{n}": {"description": "Speaks", "prompt": "é" * length} for n, length in enumerate(lengths)}


async def test_what_no_pod_could_be_started_with_is_not_saved(shelf: Shelf) -> None:
    spare = providers.MOST_BYTES - await shelf.size(agents=speakers(50_001))
    most = 50_001 + spare // 2
    assert (await shelf.save(api_key=KEY, agents=speakers(most))).version == 3
    with pytest.raises(Invalid, match=r"come to 101 KiB; OpenCode can be given 100 KiB at most") as caught:
        await shelf.save(agents=speakers(most + 1))
    assert caught.value.details == {"field": "agents"}
    assert [config.version for config in await shelf.versions()] == [3, 2, 1], "nothing of it is kept"
    await shelf.save(agents=speakers(most), instructions="é" * 100_000)


async def test_permissions_count_too(shelf: Shelf) -> None:
    rules = [{"pattern": f"{n:03} " + "漢" * 490, "action": "allow"} for n in range(100)]
    with pytest.raises(Invalid) as caught:
        await shelf.save(api_key=KEY, permissions={"bash": rules})
    assert caught.value.details == {"field": "permissions"}


async def test_configurations_of_others_are_not_there(shelf: Shelf) -> None:
    bob = await shelf.world.person("bob")
    for call in (
        lambda s: s.configs.active(bob, shelf.project.slug),
        lambda s: s.configs.save(bob, shelf.project.slug, NewConfig(provider="demo", model="scripted")),
        lambda s: s.configs.activate(bob, str(shelf.project.id), 1),
        lambda s: s.configs.versions(bob, str(shelf.project.id), PageRequest()),
    ):
        with pytest.raises(NotFound):
            await shelf.world.do(call)


async def test_the_demo_model_can_be_switched_off(small_world: World) -> None:
    off = World(small_world.ports.db, small_world.ports.settings.data_dir, demo={"enabled": "never"})
    ann = await off.person("ann")
    project = await off.project(ann)
    with pytest.raises(Conflict) as caught:
        await off.do(lambda s: s.configs.active(ann, project.slug), write=False)
    assert caught.value.details["reason"] == "no_config"
    async with off.ports.scope(write=False) as scope:
        assert "demo" not in {kind.id for kind in scope.configs.kinds()}
    async with small_world.ports.scope(write=False) as scope:
        assert "demo" in {kind.id for kind in scope.configs.kinds()}
    assert (await off.config(ann, project, api_key=KEY)).version == 1


async def test_versions_are_compared_without_their_keys(shelf: Shelf) -> None:
    rules = [{"pattern": "zz *", "action": "allow"}, {"pattern": "a", "action": "deny"}]
    await shelf.save(api_key=KEY, instructions="One\nTwo")
    await shelf.save(api_key="", provider="demo", model="scripted")
    await shelf.save(api_key=KEY, instructions="One\n2", permissions={"bash": rules}, tools={"webfetch": False})

    async def compare(scope: Scope) -> Comparison:
        return await scope.configs.compare(shelf.ann, shelf.project.slug, 2, 4)

    found = await shelf.world.do(compare, write=False)
    changes = {change.field: change for change in found.changes}
    assert (found.before, found.after) == (2, 4)
    assert set(changes) == {"permissions", "tools", "instructions", "api_key"}, "the third took the key away from all"
    assert changes["permissions"].after == {"bash": rules}, "in the order in which they were said"
    assert changes["instructions"].diff is not None
    assert "-Two\n+2" in changes["instructions"].diff
    other = await shelf.world.do(lambda s: s.configs.compare(shelf.ann, shelf.project.slug, 3, 4), write=False)
    key = next(change for change in other.changes if change.field == "api_key")
    assert (key.before, key.after) == ({"set": False, "last4": None}, {"set": True, "last4": "abcd"})
    assert KEY not in other.model_dump_json()
    assert [line.action for line in await shelf.world.rows(AuditLog)].count("secret.deleted") == 1
    assert (await shelf.active()).permissions["bash"] == [Rule.model_validate(rule) for rule in rules]
    with pytest.raises(NotFound):
        await shelf.world.do(lambda s: s.configs.compare(shelf.ann, shelf.project.slug, 1, 9), write=False)
