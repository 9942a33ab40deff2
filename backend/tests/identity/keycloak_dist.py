"""Keycloak's distribution: fetched from Maven Central once, checked, built and kept, so that a start takes seconds.

In the cache lie the unpacked distribution, already built for development mode, and for every state of the realm file
a database into which Keycloak has imported it. A test session starts on links to the one and a copy of the other.
"""

import hashlib
import os
import re
import secrets
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.absent import missing
from tests.programs import Program, cache_folder, make_whole, one_at_a_time, run

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
REALM_FILE = Path(__file__).resolve().parents[3] / "deploy" / "keycloak" / "opm-realm.json"
FETCH_SECONDS, BUILD_SECONDS, START_SECONDS, IMPORT_SECONDS = 600, 300, 120, 240
OLDEST_JAVA = 17
REBUILT = 10
"""How Keycloak ends when it has built itself anew and wants to be started again."""

_WORKERS = "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory"
_OPENED = [f"--add-opens=java.base/java.{part}=ALL-UNNAMED" for part in ("util", "util.concurrent", "security", "lang")]
# Quick to start rather than quick for long: the simple compiler, the simple collector, no checks of known bytecode.
_VIRTUAL_MACHINE = [
    *("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote", "-XX:+IgnoreUnrecognizedVMOptions"),
    *(*_OPENED, "--enable-native-access=ALL-UNNAMED", "-Duser.language=en", "-Duser.country=US"),
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Dpicocli.disable.closures=true",
    f"-Djava.util.concurrent.ForkJoinPool.common.threadFactory={_WORKERS}",
]
_ARGUMENTS = ["start-dev", "--http-host=127.0.0.1", "--http-port=0", "--import-realm"]
_LINKED = ("lib", "conf", "providers", "themes", "version.txt")
_LISTENS = re.compile(r"Listening on: http://127\.0\.0\.1:(\d+)")
_ADMIN_FILE = "admin"


def find_java() -> Path:
    found = next((java for java in _javas() if java.is_file() and java_version(java) >= OLDEST_JAVA), None)
    if found is None:
        missing("Keycloak", f"there is no Java {OLDEST_JAVA} or later (apt install openjdk-17-jre-headless)")
    return found


def _javas() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java"):
        yield Path(found)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"))


def java_version(java: Path) -> int:
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found.group(1)) if found else 0


def launch(java: Path, home: Path, environment: dict[str, str] | None = None) -> Program:
    """Not by its shell script, which would take its links for its home and stand between us and the process."""
    (home / "tmp").mkdir(exist_ok=True)
    command = [
        *(java, *_VIRTUAL_MACHINE, f"-Djava.io.tmpdir={home / 'tmp'}", f"-Dkc.home.dir={home}"),
        *(f"-Djboss.server.config.dir={home / 'conf'}", "-cp", home / "lib" / "quarkus-run.jar"),
        *("io.quarkus.bootstrap.runner.QuarkusEntryPoint", *_ARGUMENTS),
    ]
    return Program(command, home, environment=environment or {})


def listening_at(program: Program, seconds: float = START_SECONDS) -> str:
    def look() -> str | None:
        found = _LISTENS.search(program.said())
        return f"http://127.0.0.1:{found.group(1)}" if found else None

    return program.wait_for(look, seconds, "Keycloak")


def furnish(home: Path, distribution: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    for name in _LINKED:
        (home / name).symlink_to(distribution / name)


def prepare(java: Path, home: Path) -> str:
    """Make a folder that Keycloak can be started in, with the realm in its database; returns its administrator's
    password."""
    cache = cache_folder("keycloak") / VERSION
    with one_at_a_time(cache):
        distribution = cache / f"built-{_digest(SHA256, *_ARGUMENTS)}"
        if not distribution.is_dir():
            make_whole(distribution, lambda made: _build(java, made))
        realm = cache / f"realm-{_digest(distribution.name, REALM_FILE.read_text())}"
        if not realm.is_dir():
            make_whole(realm, lambda made: _import(java, distribution, made))
    furnish(home, distribution)
    shutil.copytree(realm / "h2", home / "data" / "h2")
    return (realm / _ADMIN_FILE).read_text()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _build(java: Path, made: Path) -> None:
    archive = _fetch(made.parent)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(made.parent)
    archive.unlink()
    made.rmdir()
    (made.parent / f"keycloak-{VERSION}").rename(made)
    home = made.parent / "home"
    furnish(home, made)
    building = launch(java, home)
    try:
        status = building.process.wait(timeout=BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        status = None
    finally:
        building.end()
    if status != REBUILT:
        pytest.fail(f"Keycloak did not build itself (status {status}):\n{building.said()[-4000:]}")


def _fetch(folder: Path) -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        missing("Keycloak", "it is not in the cache, and there is no Maven to fetch it (apt install maven)")
    artifact = f"-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
    command = [maven, "-q", "-B", "dependency:copy", artifact, f"-DoutputDirectory={folder}"]
    if failure := run(command, cwd=folder, seconds=FETCH_SECONDS):
        missing("Keycloak", f"it could not be fetched: {failure}")
    archive = folder / f"keycloak-quarkus-dist-{VERSION}.zip"
    check_archive(archive)
    return archive


def check_archive(archive: Path) -> None:
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != SHA256:
        pytest.fail(f"Keycloak {VERSION} is not the one that was pinned: its SHA-256 is {found}")


def _import(java: Path, distribution: Path, made: Path) -> None:
    home, password = made.parent / "home", secrets.token_urlsafe(24)
    furnish(home, distribution)
    (home / "data" / "import").mkdir(parents=True)
    shutil.copy(REALM_FILE, home / "data" / "import")
    admin = {"KC_BOOTSTRAP_ADMIN_USERNAME": "root", "KC_BOOTSTRAP_ADMIN_PASSWORD": password}
    importing = launch(java, home, admin)
    try:
        listening_at(importing, IMPORT_SECONDS)
    finally:
        importing.end()
    if "Realm 'opm' imported" not in importing.said():
        pytest.fail(f"Keycloak did not import {REALM_FILE.name}:\n{importing.said()[-4000:]}")
    (home / "data" / "h2").rename(made / "h2")
    (made / _ADMIN_FILE).touch(mode=0o600)
    (made / _ADMIN_FILE).write_text(password)
