"""The command line. Each command imports only what it runs: a sidecar must not load the server."""

import asyncio
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opm import __version__

if TYPE_CHECKING:
    from opm.server.core.settings import Settings

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where database, keys and workspaces live."
)


def read_settings(**given: Any) -> "Settings":
    """Options win over the environment and the file; those not given say nothing."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from opm.server.core.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as exc:
        # the values stay out of it: one of them may be a secret
        faults = [f"  {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in exc.errors()]
        raise click.ClickException("\n".join(["These settings cannot be used:", *faults])) from exc
    except SettingsError as exc:
        raise click.ClickException(f"The settings cannot be read: {exc}") from exc


@contextmanager
def plain_errors() -> Generator[None]:
    """What went wrong in its own words, without a traceback."""
    from opm.server.core.errors import OpmError

    try:
        yield
    except OpmError as exc:
        raise click.ClickException(exc.message) from exc


def heed_sigterm() -> None:
    """As Ctrl+C. Process 1 of a container is deaf to what it does not handle, and would be waited for in vain."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__, prog_name="opm")
def main() -> None:
    """A kanban board in front of OpenCode coding agents, with a pod of its own for every project.

    Settings come from the environment (OPM_...) and from opm.toml; options here win.
    """


@main.command()
@click.option("--host", help="Address to listen on. Sign-in without a provider allows loopback only.")
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes any free port.")
@data_dir_option
def serve(host: str | None, port: int | None, data_dir: Path | None) -> None:
    """Serve the product and print a one-time address to sign in with."""
    from opm.server.serve import run

    run(read_settings(host=host, port=port, data_dir=data_dir))


@main.group()
def sidecar() -> None:
    """Programs of a pod. A runtime starts them and sets their environment (OPM_POD_...)."""


@sidecar.command()
def files() -> None:
    """Show and change the files of a workspace."""
    from opm.sidecar.main import run_files

    run_files()


@sidecar.command()
def session() -> None:
    """Pass what is allowed on to OpenCode."""
    from opm.sidecar.main import run_session

    run_session()


@sidecar.command()
def model() -> None:
    """Answer as the scripted demo model."""
    from opm.sidecar.main import run_model

    run_model()


@main.command()
@data_dir_option
def migrate(data_dir: Path | None) -> None:
    """Bring the database to the newest schema, as `serve` does when it starts; may run while servers do.

    Waits for a database that is just starting, and for others who do the same.
    """
    from opm.server.serve import migrate as bring_up

    heed_sigterm()
    settings = read_settings(data_dir=data_dir)
    with plain_errors():
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        asyncio.run(bring_up(settings))
    click.echo("The database is at the newest schema.")


@main.command()
@data_dir_option
def doctor(data_dir: Path | None) -> None:
    """Look at everything the product needs and at weak settings, and say how to mend them."""
    from opm.server.keys import check as check_keys
    from opm.server.runtime.doctor import run_checks
    from opm.server.runtime.weak_settings import run_rules

    settings = read_settings(data_dir=data_dir)
    if settings.runtime.kind == "local":
        checks = {
            "This machine": asyncio.run(run_checks(data_dir=settings.data_dir, opencode=settings.opencode.binary))
        }
    else:
        from opm.server.runtime.kubernetes.doctor import run_checks as look_at_cluster

        checks = {"The cluster": asyncio.run(look_at_cluster(settings.kubernetes))}
    next(iter(checks.values())).append(asyncio.run(check_keys(settings)))
    groups = {**checks, "Settings": run_rules(settings)}
    for title, found in groups.items():
        click.echo(title)
        for check in found:
            sign = {True: "ok  ", None: "warn", False: "FAIL"}[check.ok]
            click.echo(f"  {sign}  {check.name}: {check.found}")
            if check.ok is not True:
                click.echo(f"        {check.mend}")
    sys.exit(1 if any(check.ok is False for found in groups.values() for check in found) else 0)


@main.group()
def keys() -> None:
    """The master keys that encrypt the secrets of the database."""


@keys.command("list")
@data_dir_option
def list_keys(data_dir: Path | None) -> None:
    """Print id, number of secrets and use of each key; never the keys."""
    from opm.server.keys import listed

    with plain_errors():
        for key, count, role in asyncio.run(listed(read_settings(data_dir=data_dir))):
            click.echo(f"{key}  {count} secrets  {role}")


@keys.command()
@data_dir_option
def rotate(data_dir: Path | None) -> None:
    """Make a new first key and bring every secret under it; the server may run meanwhile."""
    from opm.server.keys import rotate as rotated

    settings = read_settings(data_dir=data_dir)
    with plain_errors():
        newest, count = asyncio.run(rotated(settings))
    click.echo(f"{count} secrets are now under the key {newest}. The older keys stay in {settings.key_file}.")


@keys.command()
@data_dir_option
def reseal(data_dir: Path | None) -> None:
    """Bring every secret under the first key of the key file, where that file is replaced by other means."""
    from opm.server.keys import reseal_all

    with plain_errors():
        newest, count = asyncio.run(reseal_all(read_settings(data_dir=data_dir)))
    click.echo(f"{count} secrets were brought under the key {newest}.")


@keys.command()
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
def forget(key: str, yes: bool, data_dir: Path | None) -> None:
    """Remove the secrets under a KEY that is lost; they have to be entered again."""
    from opm.server.keys import forget as forgotten

    if not yes:
        click.confirm(f"Remove every secret under the key {key}?", abort=True)
    with plain_errors():
        count = asyncio.run(forgotten(read_settings(data_dir=data_dir), key))
    click.echo(f"{count} secrets were removed.")


@main.group()
def deploy() -> None:
    """What a deployment on a cluster or with compose needs beside its manifests."""


file_option = click.Path(path_type=Path, exists=True, dir_okay=False)


@deploy.command("secrets")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--database", default="postgres:5432", help="Host and port of PostgreSQL.")
@click.option("--redis", default="redis:6379", help="Host and port of Redis.")
@click.option("--docker-registry", type=file_option, help="A docker config.json with the login of a registry.")
@click.option("--oidc-secret", type=file_option, help="A file with the client's secret; without, a new one is made.")
@click.option("--tls", multiple=True, metavar="NAME", help="A name to make a certificate for, to try it out.")
@click.option("--force", is_flag=True, help="Replace what is there; older master keys stay, below the new one.")
def deploy_secrets(
    folder: Path,
    database: str,
    redis: str,
    docker_registry: Path | None,
    oidc_secret: Path | None,
    tls: tuple[str, ...],
    force: bool,
) -> None:
    """Write fresh passwords and master keys into FOLDER, readable by you alone; they are not printed."""
    from opm.server.deployment import Wanted, write

    wanted = Wanted(database, redis, docker_registry, oidc_secret, tls)
    with plain_errors():
        for path in write(folder, wanted, force=force):
            click.echo(path)


@deploy.command("key")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
def deploy_key(folder: Path) -> None:
    """Put a new master key first in FOLDER/secret.keys, and print its id."""
    from opm.server.core.crypto import add_key, read_keys

    path = folder / "secret.keys"
    if not path.exists():
        raise click.ClickException(f"There is no {path}; `opm deploy secrets {folder}` makes one.")
    with plain_errors():
        read_keys(path)
        click.echo(add_key(path))


@main.group()
def users() -> None:
    """The people who may sign in, on a server with an identity provider."""


@users.command("list")
@data_dir_option
def list_users(data_dir: Path | None) -> None:
    """Print id, state, name and address of everybody who ever signed in."""
    from opm.server.people import listed

    with plain_errors():
        for line in asyncio.run(listed(read_settings(data_dir=data_dir))):
            click.echo(line)


@users.command()
@click.argument("person")
@data_dir_option
def disable(person: str, data_dir: Path | None) -> None:
    """Shut a PERSON (id or address) out, with all they are signed in with; the server may run meanwhile."""
    from opm.server.people import shut_out

    with plain_errors():
        click.echo(asyncio.run(shut_out(read_settings(data_dir=data_dir), person, disabled=True)))


@users.command()
@click.argument("person")
@data_dir_option
def enable(person: str, data_dir: Path | None) -> None:
    """Let a PERSON in again."""
    from opm.server.people import shut_out

    with plain_errors():
        click.echo(asyncio.run(shut_out(read_settings(data_dir=data_dir), person, disabled=False)))


@users.command("sign-out")
@click.argument("person")
@data_dir_option
def sign_out(person: str, data_dir: Path | None) -> None:
    """End all sign-ins and tokens of a PERSON, who may sign in again."""
    from opm.server.people import sign_out as signed_out

    with plain_errors():
        click.echo(asyncio.run(signed_out(read_settings(data_dir=data_dir), person)))


@main.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    from opm.reference import api_document

    click.echo(api_document())


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/reference"), help="Folder to write.")
def docs(out: Path) -> None:
    """Write the reference pages that are made from the code."""
    from opm.reference import write

    for page in write(out, main):
        click.echo(page)


@main.command("launch-url")
@data_dir_option
def launch_url(data_dir: Path | None) -> None:
    """Print a fresh one-time address for signing in to the server that runs on this machine."""
    from opm.server.serve import launch_url as fresh

    with plain_errors():
        click.echo(asyncio.run(fresh(read_settings(data_dir=data_dir))))


@main.command("setup-opencode")
@data_dir_option
def setup_opencode(data_dir: Path | None) -> None:
    """Install the pinned OpenCode for this machine's processor, and print where it is."""
    from opm.server.runtime.opencode import ensure_binary

    settings = read_settings(data_dir=data_dir)
    with plain_errors():
        binary = asyncio.run(
            ensure_binary(
                settings.data_dir / "opencode",
                override=settings.opencode.binary,
                progress=lambda line: click.echo(line, err=True),
            )
        )
    click.echo(binary)
