"""`kubectl` for the whole cluster, `space` for a namespace of one's own that takes only restricted pods."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.absent import absent
from tests.cluster.deployment import Deployment, User, deployed
from tests.cluster.kubectl import Kubectl, Refusal


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.cluster)
            _limit(item)


def _limit(item: pytest.Item) -> None:
    """What a module says, else five minutes; the deployment takes its own time."""
    said = item.get_closest_marker("timeout")
    seconds = said.args if said else (300,)
    func_only = "deployment" in getattr(item, "fixturenames", ())
    item.add_marker(pytest.mark.timeout(*seconds, func_only=func_only), append=False)


@pytest.fixture(scope="session")
def kubectl() -> Kubectl:
    program = shutil.which("kubectl")
    named = os.environ.get("KUBECONFIG")
    if not named or program is None:
        absent("NOT TESTED on Kubernetes: `make cluster-up && make test-cluster`, or set KUBECONFIG")
    spoken = Kubectl(str(program), Path(named or ""))
    try:
        spoken.run("get", "--raw", "/readyz", limit=20)
    except Refusal as refusal:
        absent(f"NOT TESTED on Kubernetes, which does not answer: {refusal}")
    return spoken


@pytest.fixture(scope="module")
def space(kubectl: Kubectl) -> Iterator[Kubectl]:
    """Shared by the tests of a module and removed after them, with all that is in it."""
    name = f"opm-test-{secrets.token_hex(4)}"
    enforce = {f"pod-security.kubernetes.io/{what}": "restricted" for what in ("enforce", "warn")}
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": enforce}})
    try:
        within = kubectl.within(name)
        within.wait(lambda: bool(within.items("serviceaccounts")), 30, lambda: "no default service account")
        yield within
    finally:
        kubectl.delete("namespace", name)


@pytest.fixture(scope="session")
def deployment(kubectl: Kubectl) -> Iterator[Deployment]:
    with deployed(kubectl) as made:
        yield made


@pytest.fixture(scope="session")
def alice(deployment: Deployment) -> User:
    return User(deployment, deployment.sign_in("alice"))
