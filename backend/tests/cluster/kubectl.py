"""`kubectl` as the tests speak it: objects in, objects out, every failure with its words."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Object = dict[str, Any]


class Refusal(AssertionError):
    """The cluster said no; the message is what it said."""


@dataclass(frozen=True)
class Kubectl:
    """`namespace` is where everything happens that names no other; empty: objects have to name their own."""

    program: str
    kubeconfig: Path
    namespace: str = "default"

    def within(self, namespace: str) -> "Kubectl":
        return Kubectl(self.program, self.kubeconfig, namespace)

    def run(self, *words: str, stdin: str | None = None, limit: float = 60) -> str:
        place = [f"--namespace={self.namespace}"] if self.namespace else []
        command = [self.program, f"--kubeconfig={self.kubeconfig}", *place, *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=limit, check=False)
        if done.returncode:
            raise Refusal(f"kubectl {' '.join(words)}: {done.stderr.strip()[-3000:]}")
        return done.stdout

    def apply(self, *objects: Object, dry: bool = False) -> None:
        """With strict checking of fields; `dry` asks the server without keeping anything."""
        listed = {"apiVersion": "v1", "kind": "List", "items": objects}
        words = ["--dry-run=server"] if dry else []
        self.run("apply", "--server-side", "--validate=strict", *words, "-f", "-", stdin=json.dumps(listed))

    def get(self, what: str, name: str) -> Object:
        return json.loads(self.run("get", what, name, "-o", "json"))

    def items(self, what: str, *words: str) -> list[Object]:
        return json.loads(self.run("get", what, "-o", "json", *words))["items"]

    def delete(self, what: str, name: str, *words: str) -> None:
        self.run("delete", what, name, "--ignore-not-found", "--timeout=60s", *words, limit=90)

    def execute(self, pod: str, *words: str, container: str | None = None, stdin: str | None = None) -> str:
        chosen = ["-c", container] if container else []
        interactive = ["-i"] if stdin is not None else []
        return self.run("exec", *interactive, pod, *chosen, "--", *words, stdin=stdin)

    def logs(self, pod: str, container: str | None = None, *words: str) -> str:
        return self.run("logs", pod, *(["-c", container] if container else []), *words)

    def wait_ready(self, pod: str, seconds: float = 60) -> None:
        """All of its containers; a pod that does not become so is described in the failure."""

        def ready() -> bool:
            conditions = self.get("pod", pod)["status"].get("conditions", [])
            return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

        self.wait(ready, seconds, lambda: self.describe(pod))

    def describe(self, pod: str) -> str:
        words = [self.run("describe", "pod", pod)]
        for container in self.get("pod", pod)["spec"]["containers"]:
            try:
                words.append(f"--- {container['name']}\n{self.logs(pod, container['name'], '--tail=40')}")
            except Refusal as refusal:
                words.append(str(refusal))
        return "\n".join(words)[-6000:]

    def wait(
        self, holds: Callable[[], bool], seconds: float, otherwise: Callable[[], str], pause: float = 0.25
    ) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {otherwise()}")
            time.sleep(pause)


def names(items: Sequence[Object]) -> set[str]:
    return {item["metadata"]["name"] for item in items}
