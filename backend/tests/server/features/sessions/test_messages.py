"""Names of prompts have the form and the order that OpenCode wants of them."""

import re
from datetime import UTC, datetime, timedelta

from opm.server.features.sessions.messages import new_message_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_form_is_opencodes() -> None:
    assert re.fullmatch(r"msg_[0-9a-f]{12}[0-9A-Za-z]{14}", new_message_id(NOW))


def test_later_names_sort_later() -> None:
    names = [new_message_id(NOW + timedelta(milliseconds=n)) for n in range(300)]
    assert names == sorted(names)


def test_the_time_can_be_read_back() -> None:
    stamp = int(new_message_id(NOW)[4:16], 16) // 0x1000
    assert stamp == int(NOW.timestamp() * 1000) % 2**36


def test_no_two_are_alike() -> None:
    assert len({new_message_id(NOW) for _ in range(5000)}) == 5000
