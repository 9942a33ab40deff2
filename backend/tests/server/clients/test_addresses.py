"""Where a provider may be: public by default, inside only where the operator lets it, metadata never."""

from pathlib import Path
from typing import Any

import pytest

from opm.server.clients.addresses import AddressGuard, for_providers, for_repositories
from opm.server.core.errors import Invalid
from opm.server.core.settings import GitSettings, ProviderSettings, Settings

PUBLIC = "93.184.215.14"


def guard(folder: Path, *addresses: str, host: str = "127.0.0.1", **providers: Any) -> AddressGuard:
    async def look_up(_: str) -> list[str]:
        return list(addresses)

    given = Settings(data_dir=folder, host=host, providers=ProviderSettings(**providers))
    return AddressGuard(for_providers(given), look_up)


async def refused(judge: AddressGuard, url: str) -> str:
    with pytest.raises(Invalid) as caught:
        await judge.check(url)
    assert caught.value.details["field"] == "base_url"
    return caught.value.message


async def test_a_public_host_is_reached_by_https_at_the_judged_addresses(tmp_path: Path) -> None:
    assert await guard(tmp_path, PUBLIC).check("https://api.example/v1") == [PUBLIC]
    assert "https" in await refused(guard(tmp_path, PUBLIC), "http://api.example/v1")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "100.64.0.1", "fd12::1", "::ffff:10.0.0.1"],
)
async def test_inside_is_for_those_who_may(tmp_path: Path, address: str) -> None:
    """By name and by number; to the one who listens on loopback, it is the own machine."""
    literal = f"http://[{address}]:1/v1" if ":" in address else f"http://{address}:1/v1"
    for url in ("http://ollama.example:11434/v1", literal):
        assert await guard(tmp_path, address).check(url)
        assert "not a public" in await refused(guard(tmp_path, address, host="0.0.0.0"), url)
        assert "not a public" in await refused(guard(tmp_path, address, allow_private="never"), url)
        assert await guard(tmp_path, address, host="0.0.0.0", allow_private="always").check(url)
    named = guard(tmp_path, address, allow_private="never", allowed_hosts=["ollama.example"])
    assert await named.check("http://ollama.example:11434/v1")


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "100.100.100.200"])
async def test_metadata_services_are_never_allowed(tmp_path: Path, address: str) -> None:
    judge = guard(tmp_path, PUBLIC, address, allow_private="always", allowed_hosts=["x.example"])
    assert "metadata" in await refused(judge, "https://x.example")


@pytest.mark.parametrize(
    "address", ["169.254.1.1", "fe80::1%eth0", "224.0.0.1", "ff02::1", "0.0.0.0", "64:ff9b::e000:1"]
)
async def test_addresses_that_are_no_servers_are_refused(tmp_path: Path, address: str) -> None:
    await refused(guard(tmp_path, address, allow_private="always"), "https://x.example")


@pytest.mark.parametrize(
    "url",
    ["https://me:pw@x.example", "https://x.example/?a=b", "https://x.example/#a", "ftp://x.example", "https://", "x"],
)
async def test_what_is_no_base_url_is_refused(tmp_path: Path, url: str) -> None:
    await refused(guard(tmp_path, PUBLIC), url)


async def test_one_address_inside_is_enough_to_refuse_a_name(tmp_path: Path) -> None:
    await refused(guard(tmp_path, PUBLIC, "10.0.0.1", allow_private="never"), "https://x.example")


async def test_a_name_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    assert "resolved" in await refused(guard(tmp_path), "https://x.example")


async def test_repositories_are_inside_only_on_hosts_that_are_named(tmp_path: Path) -> None:
    async def look_up(host: str) -> list[str]:
        return [PUBLIC] if host == "hub.example" else ["10.0.0.7"]

    judge = AddressGuard(
        for_repositories(Settings(data_dir=tmp_path, git=GitSettings(allowed_hosts=("git.home",)))), look_up
    )
    assert await judge.check("https://hub.example/ann/tea.git") == [PUBLIC]
    assert await judge.check("http://git.home/ann/tea.git") == ["10.0.0.7"]
    for url, told in (
        ("http://hub.example/tea", "the token would travel"),
        ("https://other.home/tea", "OPM_GIT__ALLOWED_HOSTS"),
        ("http://127.0.0.1/tea", "OPM_GIT__ALLOWED_HOSTS"),
    ):
        with pytest.raises(Invalid) as caught:
            await judge.check(url)
        assert told in caught.value.message
        assert caught.value.details["field"] == "git.url"
