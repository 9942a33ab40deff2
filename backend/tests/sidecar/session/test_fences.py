"""Drivers that were replaced reach nothing of the agent any more."""

from pathlib import Path

import pytest

from opm.wire import fence
from tests.sidecar.session.fake import Upstream, session_before

PROMPT = "/session/ses_1/prompt"


def showing(number: int, run: str = "run-a") -> dict[str, str]:
    return {fence.HEADER: fence.said(fence.Fence(run, number))}


async def test_an_older_driver_is_refused_once_a_newer_one_was_seen(tmp_path: Path) -> None:
    upstream, prompt = Upstream(), {"parts": []}
    async with session_before(upstream, tmp_path) as client:
        for number in (1, 1, 2):
            await client.json("GET", "/status", headers=showing(number))
        error = await client.refused("POST", PROMPT, 409, json=prompt, headers=showing(1))
        assert error["details"] == {"reason": "fenced", "newest": 2}
        await client.json("POST", PROMPT, json=prompt, headers=showing(1, "run-b"))
        await client.json("POST", PROMPT, json=prompt, headers=showing(2))
        await client.json("GET", "/status")  # who drives no run shows nothing
    assert [asked.url.path for asked in upstream.asked].count("/session/ses_1/prompt_async") == 2


@pytest.mark.parametrize("text", ["", "run", "run ", "run -1", "run x", " 1", "run ٣"])
async def test_what_is_no_fence_is_refused(tmp_path: Path, text: str) -> None:
    upstream = Upstream()
    async with session_before(upstream, tmp_path) as client:
        if text.isascii():
            await client.refused("GET", "/status", 400, headers={fence.HEADER: text})
    assert fence.read(text) is None
    assert upstream.asked == []
