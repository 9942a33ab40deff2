"""Foreign text inside a Markdown document: it stays text, whatever is in it."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!])")
_TICKS = re.compile(r"`+")


def plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def quoted(text: str) -> str:
    return "".join(f"> {line}\n" for line in text.splitlines())


def fenced(text: str, language: str = "") -> str:
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in _TICKS.findall(text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}\n\n"
