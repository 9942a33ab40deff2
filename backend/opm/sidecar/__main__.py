"""`python -m opm.sidecar ...`: for images that hold the sidecars and nothing of the controller."""

import sys

from opm.sidecar.main import run_dispose, run_files, run_model, run_seed, run_session

PROGRAMS = {
    "files": run_files,
    "session": run_session,
    "model": run_model,
    "seed": run_seed,
    "dispose": run_dispose,
}

if __name__ == "__main__":
    words = sys.argv[1:]
    if len(words) != 1 or words[0] not in PROGRAMS:
        raise SystemExit(f"usage: python -m opm.sidecar {'|'.join(PROGRAMS)}")
    PROGRAMS[words[0]]()
