"""The first process inside the namespaces of a cluster: furnishes them, then takes in orphans until it is ended.

Its end is the end of everything in there: it is process 1 of a process namespace. Standard library only; run as a
program with the state folder as its only argument.
"""

import signal
import subprocess
import sys
from pathlib import Path

SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What the kubelet demands of its machine. It is shown these values, for the machine is not ours to set."""
SWITCHES = ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables")
"""Of this network namespace alone."""


def furnish(state: Path) -> None:
    mount("--make-rshared", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    _cover_var(state / "var")
    shown = state / "sysctl"
    shown.mkdir(exist_ok=True)
    for name, value in SYSCTLS.items():
        file = shown / name.replace("/", "_")
        file.write_text(value + "\n")
        mount("--bind", str(file), f"/proc/sys/{name}")
    for name in SWITCHES:
        switch = Path("/proc/sys", name)
        if switch.exists():
            switch.write_text("1\n")


def _cover_var(cover: Path) -> None:
    """Everything reads the machine's ``/var``; what is written there stays with the cluster."""
    upper, work = cover / "upper", cover / "work"
    upper.mkdir(parents=True, exist_ok=True)
    work.mkdir(exist_ok=True)
    mount("-t", "overlay", "overlay", "-o", f"lowerdir=/var,upperdir={upper},workdir={work}", "/var")


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def main() -> None:
    state = Path(sys.argv[1])
    furnish(state)
    (state / "furnished").touch()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then clears away what ends
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
