"""The checks on supply and secrets can fail: real tools, planted findings, and advisory services on loopback."""

import datetime as dt
import gzip
import http.server
import importlib
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BACKEND = Path(__file__).resolve().parent.parent
sys.path.append(str(BACKEND.parent / "scripts"))  # they are no part of the package, and import each other

audit: Any = importlib.import_module("audit")
check: Any = importlib.import_module("check")
scan_secrets: Any = importlib.import_module("scan_secrets")
waivers: Any = importlib.import_module("waivers")

TODAY = dt.date(2030, 5, 1)
GOOD = {"tool": "pip", "id": "PYSEC-1", "reason": "we never call that function", "expires": dt.date(2030, 6, 1)}


def written(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "waivers.toml"
    tables = ["\n".join(f"{name} = {_toml(value)}" for name, value in entry.items()) for entry in entries]
    path.write_text("".join(f"[[waiver]]\n{table}\n" for table in tables))
    return path


def _toml(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value)


def a_waiver(expires: dt.date, name: str = "PYSEC-1") -> Any:
    return waivers.Waiver("pip", name, "we never call that function", expires)


def test_a_waiver_covers_its_finding_to_its_last_day_and_then_fails() -> None:
    verdicts = [
        waivers.judge("pip", ["PYSEC-1"], [a_waiver(TODAY)], TODAY + dt.timedelta(days=days)) for days in (-1, 0, 1)
    ]
    assert [verdict.passes for verdict in verdicts] == [True, True, False]
    assert [waiver.id for waiver in verdicts[2].expired] == ["PYSEC-1"]


def test_an_expired_waiver_fails_though_its_finding_is_gone() -> None:
    assert not waivers.judge("pip", [], [a_waiver(TODAY - dt.timedelta(days=1))], TODAY).passes


def test_a_waiver_covers_nothing_else() -> None:
    alive = [a_waiver(TODAY)]
    assert waivers.judge("pip", ["PYSEC-1", "PYSEC-2"], alive, TODAY).open == ["PYSEC-2"]
    assert waivers.judge("npm", ["PYSEC-1"], alive, TODAY).open == ["PYSEC-1"], "a waiver of another tool"
    assert [waiver.id for waiver in waivers.judge("pip", [], alive, TODAY).idle] == ["PYSEC-1"]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    assert waivers.load(written(tmp_path, GOOD), TODAY) == [a_waiver(dt.date(2030, 6, 1))]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": "because"}, "reason"),
        ({"reason": " " * 40}, "reason"),
        ({"id": ""}, "id"),
        ({"tool": "bandit"}, "tool"),
        ({"expires": "2030-06-01"}, "date"),
        ({"expires": dt.date(2031, 6, 1)}, "year"),
        ({"more": "x"}, "nothing else"),
    ],
)
def test_a_waiver_that_says_too_little_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(waivers.WaiverError, match=said):
        waivers.load(written(tmp_path, GOOD | changed), TODAY)


def test_a_waiver_without_a_date_or_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(waivers.WaiverError, match="expires"):
        waivers.load(written(tmp_path, {name: value for name, value in GOOD.items() if name != "expires"}), TODAY)
    with pytest.raises(waivers.WaiverError, match="twice"):
        waivers.load(written(tmp_path, GOOD, GOOD), TODAY)


def test_the_waivers_of_this_repository_can_be_read() -> None:
    assert waivers.load(waivers.FILE, dt.datetime.now(dt.UTC).date())


# Made of parts, so that the scanner does not find them here.
PLANTED = {
    "AWS Access Key": "AKIA" + "Q3EGRL2TZKXW7PNV",
    "GitHub Token": "ghp_" + "a8Kd02mNqPz7" + "1LxVbTyR4cWu" + "Es5Jf9HgOi3X",
    "Private Key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "Basic Auth Credentials": "https://joe:" + "Zx81Qpw92@registry.example/",
    "Base64 High Entropy String": "'" + "q9Xv2LmT8sKpR4" + "wZyB7nHc3JdF6" + "gUe1A+oViSx0=" + "'",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_key_is_found_and_not_printed(tmp_path: Path, kind: str) -> None:
    (tmp_path / "settings.py").write_text(f"before = 1\nvalue = {PLANTED[kind]}\n")
    leaks = scan_secrets.scan([tmp_path / "settings.py"], tmp_path)
    assert kind in {leak.kind for leak in leaks}
    assert {leak.place for leak in leaks} == {"settings.py:2"}
    assert PLANTED[kind].strip("'") not in repr(leaks)


def test_a_password_in_a_lock_file_and_behind_an_excuse_is_found(tmp_path: Path) -> None:
    lock, excused = tmp_path / "package-lock.json", tmp_path / "one.py"
    lock.write_text(json.dumps({"resolved": PLANTED["Basic Auth Credentials"]}))
    excused.write_text(f"key = '{PLANTED['AWS Access Key']}'  # pragma: allowlist secret\n")
    assert len(scan_secrets.scan([lock, excused], tmp_path)) == 2


def test_a_value_without_quotes_is_found_where_values_have_none(tmp_path: Path) -> None:
    path = tmp_path / "values.yml"
    path.write_text(f"name: an ordinary sentence\nvalue: {PLANTED['Base64 High Entropy String'].strip(chr(39))}\n")
    assert [leak.place for leak in scan_secrets.scan([path], tmp_path)] == ["values.yml:2"]


def test_a_file_without_secrets_has_none(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text("url = 'https://example.org/'\nname = 'a quite ordinary sentence'\n")
    assert scan_secrets.scan([path], tmp_path) == []


class Advisories(http.server.BaseHTTPRequestHandler):
    """Answers as OSV and as the npm registry do; every package but `clean` has one advisory."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body) if body[:1] == b"{" else json.loads(gzip.decompress(body))
        self._say(200, self._osv(asked["package"]["name"]) if "package" in asked else self._npm(asked))

    def do_GET(self) -> None:
        self._say(404, {"error": "not found"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as it is named above
        """Nobody listens."""

    def _osv(self, name: str) -> dict[str, Any]:
        if name == "clean":
            return {}
        affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [], "versions": ["1.0"]}]
        return {"vulns": [{"id": "PYSEC-2030-1", "aliases": [], "summary": "It leaks.", "affected": affected}]}

    def _npm(self, asked: dict[str, Any]) -> dict[str, Any]:
        severity = {"leaky": "critical", "rude": "moderate"}
        return {
            name: [
                {
                    "id": number,
                    "url": f"https://github.com/advisories/GHSA-{name}",
                    "title": "It leaks",
                    "severity": severity[name],
                    "vulnerable_versions": "<2.0.0",
                    "cwe": [],
                    "cvss": {"score": 0, "vectorString": None},
                }
            ]
            for number, name in enumerate(asked, 1)
            if name in severity
        }

    def _say(self, status: int, body: dict[str, Any]) -> None:
        said = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)


@pytest.fixture
def advisories() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def requirements(folder: Path, *names: str) -> Path:
    path = folder / "requirements.txt"
    path.write_text("".join(f"{name}==1.0 --hash=sha256:{'0' * 64}\n" for name in names))
    return path


def a_web_lock(folder: Path, *names: str) -> Path:
    packages = {f"node_modules/{name}": {"version": "1.0.0"} for name in names}
    top = {"name": "sample", "version": "1.0.0", "dependencies": dict.fromkeys(names, "1.0.0")}
    (folder / "package.json").write_text(json.dumps(top))
    lock = {"name": "sample", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": top, **packages}}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    return folder


def osv(address: str) -> list[str]:
    return ["--vulnerability-service", "osv", "--osv-url", f"{address}/v1/query"]


def registry(address: str) -> list[str]:
    return ["--registry", f"{address}/", "--fetch-retries", "0"]


def test_an_advisory_on_a_python_package_fails_and_a_waiver_covers_it(
    tmp_path: Path, advisories: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = audit.audit_python(requirements(tmp_path, "leaky", "clean"), osv(advisories))
    assert (list(found.known), found.packages) == (["PYSEC-2030-1"], 2)
    assert audit.conclude("pip", found, [], TODAY) == 1
    assert "FOUND PYSEC-2030-1: leaky 1.0" in capsys.readouterr().out
    assert audit.conclude("pip", found, [a_waiver(TODAY, "PYSEC-2030-1")], TODAY) == 0
    assert audit.conclude("pip", audit.audit_python(requirements(tmp_path, "clean"), osv(advisories)), [], TODAY) == 0


def test_a_severe_advisory_on_a_web_package_fails_and_a_lesser_one_is_told(
    tmp_path: Path, advisories: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = audit.audit_web(a_web_lock(tmp_path, "leaky", "rude", "clean"), registry(advisories))
    assert (list(found.known), list(found.minor), found.packages) == (["GHSA-leaky"], ["GHSA-rude"], 3)
    assert audit.conclude("npm", found, [], TODAY) == 1
    assert "FOUND GHSA-leaky: critical" in capsys.readouterr().out
    rude = audit.audit_web(a_web_lock(tmp_path, "rude"), registry(advisories))
    assert audit.conclude("npm", rude, [], TODAY) == 0


def test_services_that_do_not_answer_are_no_pass(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    with pytest.raises(audit.NotAudited):
        audit.audit_python(requirements(tmp_path, "clean"), osv(nobody))
    with pytest.raises(audit.NotAudited):
        audit.audit_web(a_web_lock(tmp_path, "clean"), registry(nobody))


def test_a_broken_audit_is_a_failure_and_not_a_missing_network(tmp_path: Path) -> None:
    broken = tmp_path / "requirements.txt"
    broken.write_text("clean>=1\n")
    with pytest.raises(audit.AuditError):
        audit.audit_python(broken)


def test_packages_that_the_service_does_not_know_are_not_audited() -> None:
    """pip-audit calls this a success."""
    report = {"dependencies": [{"name": "a", "skip_reason": "not found"}, {"name": "b", "version": "1", "vulns": []}]}
    with pytest.raises(audit.NotAudited, match="1 of 2"):
        audit.conclude("pip", audit.read_python(report), [], TODAY)


def test_not_audited_is_loud_and_can_be_made_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPM_AUDIT", raising=False)
    assert audit.not_audited("pip", "nobody") == check.NOT_RUN
    monkeypatch.setenv("OPM_AUDIT", "required")
    assert audit.not_audited("pip", "nobody") == 1
    assert capsys.readouterr().out.count("NOT AUDITED") == 2


def test_a_check_that_did_not_run_is_never_summed_up_as_passed() -> None:
    text = check.summary([check.Outcome("lint", 0, 0.4), check.Outcome("pip-audit", check.NOT_RUN, 2.0)])
    assert "NOT RUN     2.0 s  pip-audit" in text
    assert text.endswith("NOT RUN, the reason is above: pip-audit")
    assert "FAILED" not in text


def test_bandit_reads_the_configuration_and_still_finds_a_shell(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text("import subprocess\nsubprocess.run('ls ' + input(), shell=True)\n")
    command = next(one for one in check.CHECKS if one.name == "bandit").command
    done = audit.run([*command[:-1], str(path)], BACKEND)
    assert done.returncode == 1
    assert "B602" in done.stdout
    assert Path(command[0]).parent == Path(sys.executable).parent
