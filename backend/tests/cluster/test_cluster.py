"""The cluster does what the other tests rest on: it refuses what it should, and lets through what it may."""

import pytest

from tests.cluster.kubectl import Kubectl, Object, Refusal
from tests.cluster.pods import ask, container, pod, probe
from tests.cluster.privileges import BOLD

PORT = 8080


def server(name: str, labels: dict[str, str]) -> Object:
    words = ["python3", "-m", "http.server", str(PORT), "--directory", "/usr/lib/ssl"]
    return pod(name, container("probe", "probe", command=words), labels=labels)


def policy(name: str, selected: dict[str, str], **spec: object) -> Object:
    chosen = {"podSelector": {"matchLabels": selected}, **spec}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": chosen,
    }


@pytest.fixture(scope="module")
def address(space: Kubectl) -> str:
    """Of a server in one pod, with the probes `friend` and `stranger` beside it."""
    space.apply(server("server", {"role": "server"}))
    space.apply(probe("friend", {"role": "friend"}), probe("stranger", {"role": "stranger"}))
    for name in ("server", "friend", "stranger"):
        space.wait_ready(name)
    return space.get("pod", "server")["status"]["podIP"]


def test_every_system_part_is_of_the_version_we_deploy_to(kubectl: Kubectl) -> None:
    nodes = kubectl.items("nodes")
    assert nodes, "a cluster without a node runs nothing"
    for node in nodes:
        major, minor = node["status"]["nodeInfo"]["kubeletVersion"].lstrip("v").split(".")[:2]
        assert (int(major), int(minor)) >= (1, 33)


@pytest.mark.parametrize("what", BOLD)
def test_a_pod_with_privileges_is_refused(space: Kubectl, what: str) -> None:
    with pytest.raises(Refusal, match="violates PodSecurity"):
        space.apply(BOLD[what], dry=True)


def test_a_pod_without_is_taken(space: Kubectl) -> None:
    space.apply(pod("meek", container("meek", "probe")), dry=True)


def test_an_unknown_field_is_refused(space: Kubectl) -> None:
    with pytest.raises(Refusal, match="imagePulPolicy"):
        space.apply(pod("mistyped", container("mistyped", "probe", imagePulPolicy="Never")), dry=True)


def test_policies_are_enforced_where_traffic_comes_in(space: Kubectl, address: str) -> None:
    url = f"http://{address}:{PORT}/"
    assert [ask(space, who, url)[0] for who in ("friend", "stranger")] == [200, 200]
    friends = [{"from": [{"podSelector": {"matchLabels": {"role": "friend"}}}], "ports": [{"port": PORT}]}]
    space.apply(policy("friends", {"role": "server"}, policyTypes=["Ingress"], ingress=friends))
    try:
        space.wait(lambda: ask(space, "stranger", url)[0] == 0, 20, lambda: "a stranger still gets in")
        assert ask(space, "friend", url)[0] == 200
    finally:
        space.delete("networkpolicy", "friends")


def test_policies_are_enforced_where_traffic_goes_out(space: Kubectl, address: str) -> None:
    url, api = f"http://{address}:{PORT}/", "https://kubernetes.default.svc"
    assert ask(space, "stranger", url)[0] == 200
    assert "CERTIFICATE_VERIFY_FAILED" in ask(space, "stranger", api)[1], "the API server answers before"
    dns = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    only_dns = [{"to": [dns], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]}]
    space.apply(policy("nowhere", {"role": "stranger"}, policyTypes=["Egress"], egress=only_dns))
    try:
        space.wait(lambda: ask(space, "stranger", url)[0] == 0, 20, lambda: "it still gets out")
        said = ask(space, "stranger", api)[1]
        assert "CERTIFICATE_VERIFY_FAILED" not in said
        assert "resolution" not in said, "names are still resolved"
        assert ask(space, "friend", url)[0] == 200
    finally:
        space.delete("networkpolicy", "nowhere")


def test_names_of_services_are_resolved(space: Kubectl, address: str) -> None:
    spec = {"selector": {"role": "server"}, "ports": [{"port": 80, "targetPort": PORT}]}
    space.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "greeter"}, "spec": spec})
    for name in ("greeter", f"greeter.{space.namespace}.svc.cluster.local"):
        space.wait(lambda host=name: ask(space, "friend", f"http://{host}/")[0] == 200, 20, lambda: "no answer")


def test_an_account_may_do_what_its_role_says_and_no_more(space: Kubectl) -> None:
    rbac, about = "rbac.authorization.k8s.io", {"name": "reader"}
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    subjects = [{"kind": "ServiceAccount", "name": "reader", "namespace": space.namespace}]
    space.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": about, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": about,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "reader"},
            "subjects": subjects,
        },
        probe("clerk", serviceAccountName="reader"),
    )
    space.wait_ready("clerk")
    said = [api_status(space, "clerk", path) for path in ("configmaps", "secrets", "pods")]
    assert said == [200, 403, 403]


def api_status(space: Kubectl, where: str, kind: str) -> int:
    program = """
import ssl, sys, urllib.error, urllib.request
told = "/var/run/secrets/kubernetes.io/serviceaccount"
url = f"https://kubernetes.default.svc/api/v1/namespaces/{sys.argv[1]}/{sys.argv[2]}"
request = urllib.request.Request(url, headers={"Authorization": f"Bearer {open(told + '/token').read()}"})
try:
    print(urllib.request.urlopen(request, context=ssl.create_default_context(cafile=told + "/ca.crt")).status)
except urllib.error.HTTPError as error:
    print(error.status)
"""
    return int(space.execute(where, "python3", "-c", program, space.namespace, kind))


def test_a_volume_outlives_its_pod_and_ends_with_its_claim(space: Kubectl, kubectl: Kubectl) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    space.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "kept"}, "spec": spec})
    volume = {"name": "kept", "persistentVolumeClaim": {"claimName": "kept"}}
    mounted = container("probe", "probe", volumeMounts=[{"name": "kept", "mountPath": "/kept"}])
    said: list[str] = []
    for name, words in (("writer", ["sh", "-c", "echo once > /kept/word"]), ("reader", ["cat", "/kept/word"])):
        space.apply(pod(name, mounted, volumes=[volume]))
        space.wait_ready(name)
        said.append(space.execute(name, *words))
        space.delete("pod", name)
    assert said == ["", "once\n"]
    bound = space.get("pvc", "kept")["spec"]["volumeName"]
    space.delete("pvc", "kept")
    kubectl.wait(
        lambda: bound not in {one["metadata"]["name"] for one in kubectl.items("pv")}, 60, lambda: f"{bound} is left"
    )
