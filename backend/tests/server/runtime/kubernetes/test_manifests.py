"""The objects of a project: as the golden files say, as the cluster's schemas want them, as restricted as it gets.

A golden file that is to change is written anew with OPM_WRITE_GOLDEN=1, and read before it is committed.
"""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.base import Limits, Part
from opm.server.runtime.kubernetes import budget, manifests, names
from opm.server.runtime.kubernetes.manifests import Plan
from tests.server.runtime.kubernetes.support import PROJECT, a_plan, a_spec

GOLDEN = Path(__file__).parent / "golden"
OWNER = "11111111-2222-3333-4444-555555555555"
MAKERS = {
    "config_map": manifests.config_map,
    "secret": manifests.secret,
    "network_policy": manifests.network_policy,
    "pod": manifests.pod,
}
PLANS = {
    "plain": a_plan(),
    "full": a_plan(
        a_spec(PROJECT, demo_model=True, provider_key="a-key-of-the-provider", limits=Limits(4096, 1.5)),
        opencode_image="registry.example/opencode@sha256:" + "a" * 64,
        sidecar_image="registry.example/sidecar@sha256:" + "b" * 64,
        pull_policy="Always",
        pull_secret="docker-registry",
        storage_class="fast",
        volume_size="20Gi",
        runtime_class="gvisor",
        user_namespaces=True,
        egress_networks=("10.20.0.7/32",),
        closed_networks=("203.0.113.0/24",),
    ),
    "shut": a_plan(internet=False),
}


def all_of(plan: Plan) -> list[dict[str, Any]]:
    return [manifests.claim(plan), *(make(plan, OWNER) for make in MAKERS.values())]


@pytest.mark.parametrize("name", PLANS)
def test_the_objects_are_those_of_the_golden_file(name: str) -> None:
    made = yaml.safe_dump_all(all_of(PLANS[name]), sort_keys=False, width=110)
    file = GOLDEN / f"{name}.yaml"
    if os.environ.get("OPM_WRITE_GOLDEN"):
        file.write_text(made)
    assert made == file.read_text()


def test_what_is_not_ascii_takes_no_more_room_than_it_needs() -> None:
    made = manifests.config_map(a_plan(a_spec(opencode_config={"prompt": "漢字"})), OWNER)["data"]["opencode.json"]
    assert '"prompt": "漢字"' in made


def test_the_most_tokens_of_an_answer_are_told_where_they_are_limited() -> None:
    assert manifests.config_map(a_plan(a_spec(answer_tokens=321)), OWNER)["data"]["answer-tokens"] == "321"
    assert "answer-tokens" not in manifests.config_map(a_plan(a_spec()), OWNER)["data"]


@pytest.mark.parametrize("version", ["1.30", "1.36"])
@pytest.mark.parametrize("name", PLANS)
def test_the_cluster_knows_every_field(name: str, version: str) -> None:
    for manifest in all_of(PLANS[name]):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_validation_finds_a_field_that_is_not_there() -> None:
    wrong = manifests.pod(a_plan(), OWNER)
    wrong["spec"]["containers"][0]["imagePullPolice"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.36", strict=True)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_every_container_is_restricted_and_has_a_user_of_its_own(plan: Plan) -> None:
    spec = manifests.pod(plan, OWNER)["spec"]
    assert spec["automountServiceAccountToken"] is spec["enableServiceLinks"] is spec["shareProcessNamespace"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"} & set(spec)
    for container in spec["containers"] + spec["initContainers"]:
        context = container["securityContext"]
        assert context["runAsNonRoot"]
        assert context["readOnlyRootFilesystem"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        for kind in ("requests", "limits"):
            assert set(container["resources"][kind]) == {"cpu", "memory", "ephemeral-storage"}
        assert not any("hostPort" in port for port in container.get("ports", []))
    users = [container["securityContext"]["runAsUser"] for container in spec["containers"]]
    assert len(set(users)) == len(users)
    assert not any("hostPath" in volume for volume in spec["volumes"])


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_secrets_are_in_the_secret_alone_and_reach_only_their_container(plan: Plan) -> None:
    spec = plan.spec
    key = base64.b64encode(spec.pass_key).decode()
    plain = json.dumps([manifest for manifest in all_of(plan) if manifest["kind"] != "Secret"])
    for value in (key, spec.opencode_password, spec.provider_key or "no key"):
        assert value not in plain
        assert base64.b64encode(value.encode()).decode() not in plain
    held = {name: base64.b64decode(data).decode() for name, data in manifests.secret(plan, OWNER)["data"].items()}
    assert spec.opencode_password not in held["files.json"]
    pod = manifests.pod(plan, OWNER)["spec"]
    agent = pod["containers"][0]
    assert agent["name"] == "opencode"
    assert not any(mount["name"].startswith("secrets") for mount in agent["volumeMounts"]), "it cannot sign passes"


def test_the_same_wish_has_the_same_template_and_what_makes_another_pod_has_another() -> None:
    plan = a_plan()
    assert manifests.template(plan) == manifests.template(a_plan())
    for other in (
        a_plan(opencode_image="another"),
        a_plan(egress_networks=("10.0.0.0/8",)),
        a_plan(replace(plan.spec, limits=Limits(1024))),
    ):
        assert manifests.template(other) != manifests.template(plan)
    assert manifests.template(a_plan(replace(plan.spec, opencode_config={}))) == manifests.template(plan), "its digest"


def test_names_come_from_the_id_alone_and_belong_to_their_mark() -> None:
    name = names.name_of(PROJECT)
    assert name == "opm-" + name[4:]
    assert len(name) == 24
    assert names.project_of(names.labels(PROJECT), name) == PROJECT
    assert names.project_of(names.labels(PROJECT), "opm-another") is None
    assert names.project_of({names.PROJECT: "not a uuid"}, name) is None


@pytest.mark.parametrize("total", [512, 1024, 8192])
@pytest.mark.parametrize("demo", [False, True])
def test_all_containers_together_use_the_memory_of_the_project(total: int, demo: bool) -> None:
    parts = tuple(Part) if demo else (Part.OPENCODE, Part.FILES, Part.SESSION)
    shares = budget.divided(KubernetesSettings(), Limits(memory_mb=total), parts)
    memory = [int(share["limits"]["memory"].removesuffix("Mi")) for share in shares.values()]
    assert sum(memory) == total
    assert min(memory) > 0
    for share in shares.values():
        assert int(share["requests"]["memory"][:-2]) <= int(share["limits"]["memory"][:-2])


@pytest.mark.parametrize("wrong", [{"volume_size": "5 GB"}, {"namespace": "Open_Code"}, {"egress_networks": ("10/8",)}])
def test_settings_that_the_cluster_would_refuse_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        KubernetesSettings(**wrong)
