"""What is kept from whom, on the deployed product: the controller's rights, and the walls around every pod."""

import json
from collections.abc import Iterator

import pytest
from testcluster.layout import METADATA, OUTSIDE

from opm.server.runtime.kubernetes import permissions
from opm.server.runtime.kubernetes.names import PROJECT
from tests.absent import absent
from tests.cluster.deployment import NAMESPACE, Deployment, User
from tests.cluster.kubectl import Kubectl, Refusal
from tests.cluster.pods import ask, container, pod, probe
from tests.cluster.privileges import BOLD
from tests.e2e.served import Project, wait_for

pytestmark = pytest.mark.timeout(600)
ACCOUNT = f"--as=system:serviceaccount:{NAMESPACE}:opm-controller"
EVERYBODY_MAY = {"authentication.k8s.io", "authorization.k8s.io"}
"""Groups whose reviews every account may ask for about itself."""
REACH = """
import json, socket, sys
said = []
for host, port in json.loads(sys.argv[1]):
    try:
        socket.create_connection((host, port), 3).close()
        said.append("open")
    except OSError as error:
        said.append(f"closed: {error}")
print(json.dumps(said))
"""
PYTHON = "/opt/opm/bin/python"


def test_the_controller_may_do_what_the_runtime_does_and_no_more(deployment: Deployment) -> None:
    """Both ways at once: the API server lists all that the account may do."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": NAMESPACE},
    }
    said = deployment.kubectl.run(
        "create", ACCOUNT, "--validate=false", "-f", "-", "-o", "json", stdin=json.dumps(review)
    )
    may = {
        (group, resource, verb)
        for rule in json.loads(said)["status"]["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if group not in EVERYBODY_MAY
    }
    does = {
        (group, resource, verb)
        for rule in permissions.rules()
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert may == does


@pytest.mark.parametrize(
    "question",
    [
        ("list", "secrets"),
        ("create", "pods", "--subresource=exec"),
        ("create", "serviceaccounts", "--subresource=token"),
        ("create", "pods", "--namespace=default"),
        ("list", "pods", "--all-namespaces"),
        ("get", "nodes"),
        ("*", "*"),
    ],
    ids=" ".join,
)
def test_the_controller_may_not(deployment: Deployment, question: tuple[str, ...]) -> None:
    with pytest.raises(Refusal):
        deployment.kubectl.run("auth", "can-i", *question, ACCOUNT)
    assert deployment.kubectl.run("auth", "can-i", "create", "pods", ACCOUNT).strip() == "yes"


def test_no_pod_with_privileges_gets_into_the_namespace(deployment: Deployment) -> None:
    """How each of them is refused, `test_cluster` tells."""
    for bold in BOLD.values():
        with pytest.raises(Refusal, match="violates PodSecurity"):
            deployment.kubectl.apply(bold, dry=True)
    deployment.kubectl.apply(pod("meek", container("meek", "probe")), dry=True)


@pytest.fixture(scope="module")
def two(alice: User) -> Iterator[list[Project]]:
    """Projects of one person, whose pods run."""
    client = alice.client()
    made: list[Project] = []
    try:
        for name in ("Here", "There"):
            made.append(client.project(name))
            client.call("POST", f"{made[-1].path}/start")
        for project in made:
            path = f"{project.path}/pod"
            wait_for(lambda path=path: client.call("GET", path)["phase"] == "running", 240, "a pod")
        yield made
    finally:
        for project in made:
            client.call("DELETE", project.path)


@pytest.fixture(scope="module")
def stranger(space: Kubectl) -> str:
    """A pod that no policy is about, in a namespace without any."""
    space.apply(probe("stranger"))
    space.wait_ready("stranger", 120)
    return "stranger"


def reached(kubectl: Kubectl, where: str, of: str, targets: list[tuple[str, int]], python: str = PYTHON) -> list[bool]:
    said = kubectl.execute(where, python, "-c", REACH, json.dumps(targets), container=of)
    return [one == "open" for one in json.loads(said)]


def test_an_agent_reaches_nothing_of_the_cluster(
    deployment: Deployment, space: Kubectl, stranger: str, two: list[Project]
) -> None:
    kubectl = deployment.kubectl
    here, there = (deployment.pod_of(project.id) for project in two)
    other = kubectl.get("pod", there)["status"]["podIP"]
    api = json.loads(kubectl.run("get", "service", "kubernetes", "--namespace=default", "-o", "json"))
    node = kubectl.get("pod", here)["status"]["hostIP"]
    targets = {
        "PostgreSQL": (_ip_of(kubectl, "postgres"), 5432),
        "Redis": (_ip_of(kubectl, "redis"), 6379),
        "another project's files": (other, 3001),
        "another project's agent": (other, 3002),
        "the API server": (api["spec"]["clusterIP"], 443),
        "the node": (node, 10250),
        "the controllers": (deployment.service, 8400),
        "the cloud's metadata": (METADATA, 80),
    }
    found = dict(zip(targets, reached(kubectl, here, "file-browser", list(targets.values())), strict=True))
    assert {name for name, opened in found.items() if opened} == set()
    assert reached(kubectl, here, "file-browser", [("127.0.0.1", 3000)]) == [True], "its own agent is there"
    # the same program in a controller: all of these are there
    controller = kubectl.items("pods", "-l", "app.kubernetes.io/name=opm-controller")[0]["metadata"]["name"]
    allowed = list(targets.values())[:5]
    assert reached(kubectl, controller, "controller", allowed) == [True] * 5
    # the controllers let nobody in but Traefik, by which every test here reaches them
    assert reached(space, stranger, "probe", [targets["the node"]], "python3") == [True], "only a policy closes it"


def test_an_agent_reaches_the_internet_and_no_metadata(
    deployment: Deployment, space: Kubectl, stranger: str, two: list[Project]
) -> None:
    targets = [(OUTSIDE, 80), (METADATA, 80)]
    if reached(space, stranger, "probe", targets, "python3") != [True, True]:
        absent("NOT TESTED with an internet and a cloud's metadata: this cluster has no stand-ins for them")
    here = deployment.pod_of(two[0].id)
    assert reached(deployment.kubectl, here, "file-browser", targets) == [True, False]


def _ip_of(kubectl: Kubectl, name: str) -> str:
    (found,) = kubectl.items("pods", "-l", f"app.kubernetes.io/name={name}")
    return found["status"]["podIP"]


def test_a_pod_is_reached_by_no_other_and_asks_for_a_pass_where_it_is(
    deployment: Deployment, space: Kubectl, stranger: str, two: list[Project]
) -> None:
    address = deployment.kubectl.get("pod", deployment.pod_of(two[0].id))["status"]["podIP"]
    urls = [f"http://{address}:{port}/" for port in (3001, 3002)]
    assert [ask(space, stranger, url)[0] for url in urls] == [0, 0]
    # what a policy lets in, no other policy keeps out: this one takes the wall away
    chosen = {"podSelector": {"matchLabels": {PROJECT: two[0].id}}, "policyTypes": ["Ingress"], "ingress": [{}]}
    opened = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "opened"}}
    deployment.kubectl.apply({**opened, "spec": chosen})
    try:
        space.wait(lambda: ask(space, stranger, urls[0])[0] != 0, 30, lambda: "still closed")
        assert [ask(space, stranger, url)[0] for url in urls] == [401, 401]
        assert ask(space, stranger, urls[0], headers={"Authorization": "Bearer wrong"})[0] == 401
    finally:
        deployment.kubectl.delete("networkpolicy", "opened")
    space.wait(lambda: ask(space, stranger, urls[0])[0] == 0, 30, lambda: "still open")
