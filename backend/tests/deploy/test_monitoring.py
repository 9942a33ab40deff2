"""The dashboard, the alerts and the scrape: queries that parse, names that exist, and places that are there."""

import json
from dataclasses import dataclass, field
from typing import Any

import promql_parser
import pytest
import yaml

from tests.deploy.metrics import Families
from tests.deploy.rendering import DEPLOY, Json, named

DASHBOARD: Json = json.loads((DEPLOY / "grafana" / "opm.json").read_text())
ALERTS: list[Json] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"][0]["rules"]
SCRAPE: Json = yaml.safe_load((DEPLOY / "prometheus" / "scrape.yaml").read_text())[0]
MONITOR: Json = yaml.safe_load((DEPLOY / "prometheus" / "podmonitor.yaml").read_text())
OURS = "opm_"
ADDED = {"namespace", "pod", "job", "le"}
"""Labels that the scrape and histograms add to ours."""
VARIABLES = {"$__rate_interval": "5m", "$namespace": "opencode"}


@dataclass
class Used:
    metrics: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)


def used_by(query: str) -> Used:
    used = Used()

    def look(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            assert node.name
            used.metrics.add(node.name)
            used.labels |= {matcher.name for matcher in node.matchers.matchers}
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            used.labels |= set(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(query), look)
    return used


def queries() -> dict[str, str]:
    found = {rule["alert"]: rule["expr"] for rule in ALERTS}
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"]
            for variable, value in VARIABLES.items():
                query = query.replace(variable, value)
            found[f"{panel['title']} {target['refId']}"] = query
    return found


QUERIES = queries()


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_every_query_asks_for_what_the_product_counts(families: Families, query: str) -> None:
    used = used_by(query)
    labels = set(ADDED)
    for name in used.metrics - {"up"}:
        assert name in families, name
        labels |= families[name]
    assert used.labels <= labels


def test_every_metric_is_shown_or_watched(families: Families) -> None:
    used = set().union(*(used_by(query).metrics for query in QUERIES.values()))
    unused = {name for name in families if name.startswith(OURS)} - used
    parts = ("_sum", "_count", "_created")
    whole = {name.removesuffix("_total").removesuffix("_bucket").removesuffix("_info") for name in used}
    assert {name for name in unused - whole if not name.endswith(parts)} == set()


def test_a_query_that_is_none_is_seen() -> None:
    with pytest.raises(ValueError, match="parenthesis"):
        promql_parser.parse("sum by (le (opm_x)")
    assert used_by('sum by (a) (rate(opm_x{b="c"}[5m]))') == Used({"opm_x"}, {"a", "b"})


def test_alerts_say_what_is_wrong_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "action"}
        assert all(text.endswith(".") for text in rule["annotations"].values())


def test_panels_have_their_own_place_and_number() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)


def test_both_ways_to_scrape_find_the_controllers(objects: list[Json]) -> None:
    template = named(objects, "Deployment", "opm-controller")["spec"]["template"]
    (container,) = template["spec"]["containers"]
    (port,) = [one for one in container["ports"] if one["name"] == "metrics"]
    assert str(port["containerPort"]) == named(objects, "ConfigMap", "app-config")["data"]["OPM_METRICS__PORT"]
    keep = next(rule for rule in SCRAPE["relabel_configs"] if rule.get("action") == "keep")
    name = template["metadata"]["labels"]["app.kubernetes.io/name"]
    assert keep["regex"] == f"{name};{port['name']}"
    assert MONITOR["spec"]["selector"]["matchLabels"] == {"app.kubernetes.io/name": name}
    (endpoint,) = MONITOR["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == port["name"]
    assert [rule["replacement"] for rule in endpoint["relabelings"]] == [SCRAPE["job_name"]]
