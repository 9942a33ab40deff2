"""What an agent that may run commands finds on its machine: run by the agent itself, answers in `found.json`.

Told in `ask.json`: the data directory, the controller's process, and requests to try. Nothing but the standard library.
"""

import base64
import json
import os
import urllib.error
import urllib.request
from pathlib import Path


def family(first: int) -> list[int]:
    """A process and what it started, and what those started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [first]
    for member in found:
        found += [pid for pid, parent in parents.items() if parent == member]
    return found


def read(path: Path) -> "str | None":
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return None


def status(url: str, headers: "dict[str, str]") -> "int | str":
    try:
        asked = urllib.request.Request(url, headers=headers)  # noqa: S310  addresses of the test
        with urllib.request.urlopen(asked, timeout=10) as said:  # noqa: S310
            return said.status
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError as error:
        return str(error)


def main() -> None:
    ask = json.loads(Path("ask.json").read_text())
    data = Path(ask["data_dir"])
    own = base64.b64encode(f"opencode:{os.environ.get('OPENCODE_SERVER_PASSWORD', '')}".encode()).decode()
    found = {
        "environment": dict(os.environ),
        "processes": {
            pid: {name: read(Path(f"/proc/{pid}/{name}")) for name in ("environ", "cmdline")}
            for pid in family(ask["controller"])
        },
        "database": (read(data / "opm.db") or "")[:15],
        "key_file": read(data / "secret.keys") is not None,
        "passes": [str(path) for path in data.glob("pods/*/state/secrets.json") if read(path)],
        "own_opencode": status(ask["own_opencode"], {"Authorization": f"Basic {own}"}),
        "answers": {name: status(url, headers) for name, (url, headers) in ask["requests"].items()},
    }
    Path("found.json").write_text(json.dumps(found))


main()
