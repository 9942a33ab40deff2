"""Rewrites every committed file that is derived from another one, in the order in which they depend.

With `--check` it says which of them had been stale; they are rewritten all the same, ready to be committed.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPM = ROOT / "backend" / ".venv" / "bin" / "opm"
OPENAPI = ROOT / "backend" / "openapi.json"
REFERENCE = ROOT / "docs" / "reference"
BROWSER_TYPES = ROOT / "frontend" / "src" / "api" / "generated"


def snapshot() -> dict[Path, bytes]:
    files = [OPENAPI, *REFERENCE.rglob("*"), *BROWSER_TYPES.rglob("*")]
    return {path: path.read_bytes() for path in files if path.is_file()}


def generate() -> None:
    document = subprocess.run([OPM, "openapi"], check=True, stdout=subprocess.PIPE).stdout
    OPENAPI.write_bytes(document)
    subprocess.run([OPM, "docs", "--out", REFERENCE], check=True)
    subprocess.run(["npm", "run", "generate"], cwd=ROOT / "frontend", check=True, stdin=subprocess.DEVNULL)


def main() -> int:
    before = snapshot()
    generate()
    after = snapshot()
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    for path in changed:
        print(f"rewritten: {path.relative_to(ROOT)}")
    if changed and "--check" in sys.argv[1:]:
        print("Generated files were stale. They have been rewritten: look at them and commit them.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
