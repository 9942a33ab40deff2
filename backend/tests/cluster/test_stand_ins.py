"""The database and Redis that a test cluster runs for itself: told as the official images are."""

import secrets
from collections.abc import Iterator

import pytest

from tests.cluster.kubectl import Kubectl, Object
from tests.cluster.pods import container, empty, pod

TMP = empty("tmp", "/tmp")
USER = 999
"""initdb wants one that the image knows."""


def database(volumes: list[Object]) -> Object:
    ready = {"exec": {"command": ["pg_isready", "-h", "127.0.0.1", "-U", "opm"]}, "periodSeconds": 1}
    told = {"POSTGRES_USER": "opm", "POSTGRES_DB": "board", "PGDATA": "/data/of/opm"}
    environ: list[Object] = [{"name": name, "value": value} for name, value in told.items()]
    environ.append({"name": "POSTGRES_PASSWORD_FILE", "value": "/secret/password"})
    mounts = [
        TMP[1],
        {"name": "data", "mountPath": "/data"},
        {"name": "secret", "mountPath": "/secret", "readOnly": True},
        {"name": "first", "mountPath": "/docker-entrypoint-initdb.d", "readOnly": True},
    ]
    held = container("postgres", "postgres", env=environ, volumeMounts=mounts, readinessProbe=ready)
    return pod("postgres", held, uid=USER, volumes=volumes, terminationGracePeriodSeconds=20)


@pytest.fixture
def told(space: Kubectl) -> Iterator[list[Object]]:
    """The volumes of a database: its claim, its password, and what it does first."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    about = {"name": "postgres"}
    space.apply(
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": about, "spec": claim},
        {"apiVersion": "v1", "kind": "Secret", "metadata": about, "stringData": {"password": secrets.token_hex(12)}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": about,
            "data": {"first.sql": "CREATE TABLE kept (word text)"},
        },
    )
    yield [
        TMP[0],
        {"name": "data", "persistentVolumeClaim": {"claimName": "postgres"}},
        {"name": "secret", "secret": {"secretName": "postgres", "defaultMode": 0o440}},
        {"name": "first", "configMap": {"name": "postgres"}},
    ]
    space.delete("pod", "postgres")
    space.delete("pvc", "postgres")


def test_a_database_is_made_once_and_keeps_its_rows(space: Kubectl, told: list[Object]) -> None:
    space.apply(database(told))
    space.wait_ready("postgres", 90)
    assert query(space, "INSERT INTO kept VALUES ('row') RETURNING word") == "row"
    assert query(space, "SELECT count(*) FROM pg_database WHERE datname = 'board'") == "1"
    space.delete("pod", "postgres")
    space.apply(database(told))
    space.wait_ready("postgres", 90)
    assert query(space, "SELECT word FROM kept") == "row"


def query(space: Kubectl, sql: str) -> str:
    """Over the network, as others would, hence with the password."""
    script = 'PGPASSWORD=$(cat /secret/password) exec psql -h "$(hostname -i)" -U opm -d board -Atqc "$1"'
    return space.execute("postgres", "bash", "-c", script, "bash", sql).strip()


def test_redis_answers(space: Kubectl) -> None:
    space.apply(pod("redis", container("redis", "redis")))
    space.wait_ready("redis")
    space.wait(
        lambda: space.execute("redis", "redis-cli", "ping").strip() == "PONG", 20, lambda: space.describe("redis")
    )
