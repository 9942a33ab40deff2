"""Every setting, with its default and what it does; read once at start and passed on.

Sources, strongest first: keyword arguments, environment (`OPM_` and `__` between levels), the TOML file named by
`OPM_CONFIG_FILE` (default: `opm.toml` in the platform's configuration directory).
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

import platformdirs
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.core.shared import DatabaseSettings, MetricsSettings, RedisSettings
from opm.server.core.shared import Group as _Group

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def usual_data_dir() -> Path:
    return Path(platformdirs.user_data_dir("opm"))


class LogSettings(_Group):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="least severity that is written"
    )
    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto: console in a terminal, else JSON"
    )


class AuthSettings(_Group):
    access_ttl: timedelta = Field(default=timedelta(hours=1), description="how long an access token lives")
    refresh_ttl: timedelta = Field(
        default=timedelta(days=30), description="how long a browser stays signed in without a visit"
    )
    launch_ttl: timedelta = Field(
        default=timedelta(hours=24), description="how long a launch address can be used, once"
    )


class OidcSettings(_Group):
    """Sign-in by an identity provider; without an `issuer` there is one account, and launch addresses lead to it."""

    issuer: str | None = Field(
        default=None, description="issuer of the identity provider, byte for byte as its discovery document says it"
    )
    client_id: str | None = Field(default=None, description="this program's name at the provider")
    client_secret: SecretStr | None = Field(default=None, description="of a confidential client; none: a public client")
    client_secret_file: Path | None = Field(default=None, description="a file that holds the client's secret instead")
    name: str = Field(default="single sign-on", max_length=60, description="what the button calls the provider")
    scopes: tuple[str, ...] = Field(
        default=("openid", "profile", "email"), description="asked for; `openid` is among them"
    )
    audiences: tuple[str, ...] = Field(
        default=(), description="further audiences that an ID token may name beside the client"
    )
    admin_claim: str | None = Field(
        default=None,
        pattern=r"^[^=]+=.+$",
        description="`claim=value` of those who administer, e.g. groups=opm-admins; dots lead into nested claims",
    )
    algorithms: tuple[Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"], ...] = (
        Field(default=("RS256", "PS256", "ES256", "EdDSA"), description="signatures that are accepted")
    )
    leeway: int = Field(default=60, ge=0, le=60, description="seconds by which clocks may differ")
    timeout: float = Field(default=10, gt=0, le=60, description="seconds that the provider may take to answer")
    recheck: timedelta = Field(
        default=timedelta(minutes=10),
        le=timedelta(minutes=15),
        description="after this time a sign-in in use is checked with the provider again",
    )
    unchecked_ttl: timedelta = Field(
        default=timedelta(hours=12), description="how long a sign-in lives that the provider gives no way to check"
    )

    @model_validator(mode="after")
    def _whole(self) -> "OidcSettings":
        if self.issuer is None:
            return self
        parts = urlsplit(self.issuer)
        if not self.client_id:
            raise ValueError("oidc.client_id is needed with oidc.issuer")
        if parts.query or parts.fragment or parts.username is not None or not parts.hostname:
            raise ValueError("oidc.issuer is an address without name, ? and #")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("oidc.issuer has to be reached by https; http serves on loopback only")
        if "openid" not in self.scopes:
            raise ValueError("oidc.scopes has to hold openid")
        return self

    @property
    def enabled(self) -> bool:
        return self.issuer is not None

    def secret(self) -> str | None:
        if self.client_secret_file is not None:
            return self.client_secret_file.read_text(encoding="utf-8").strip()
        return self.client_secret.get_secret_value() if self.client_secret else None


class RunSettings(_Group):
    start_timeout: float = Field(default=90, gt=0, description="seconds a pod may take to become ready for a run")
    accept_timeout: float = Field(
        default=30, gt=0, description="seconds until OpenCode must show that it took the prompt"
    )
    no_progress_timeout: float = Field(default=900, gt=0, description="seconds without any event before a run is ended")
    wall_clock: float = Field(
        default=4 * 3600, gt=0, description="seconds a run may take, time spent waiting for a human excluded"
    )
    provider_timeout: float = Field(
        default=120, gt=0, description="seconds OpenCode waits for a provider to send something"
    )
    lease: float = Field(
        default=15,
        gt=1,
        description="seconds after which another controller may take over a run, or the work that one does for all",
    )
    output_limit: int = Field(default=50 * 2**20, gt=0, description="bytes of output kept per run")


class RuntimeSettings(_Group):
    kind: Literal["local", "kubernetes"] = Field(
        default="local", description="where pods run: on this machine, or on a cluster"
    )
    keep_pods: bool = Field(
        default=False, description="leave pods running when the server stops, to be adopted at the next start"
    )
    idle_stop: float = Field(
        default=1800, ge=0, description="seconds without use after which a pod is stopped; 0: never"
    )
    memory_mb: int | None = Field(
        default=None, ge=512, description="MB a pod may use whose project does not say; none: as much as there is"
    )
    memory_mb_max: int | None = Field(default=None, ge=512, description="most MB that any pod may use; none: no bound")
    cpu_limit: float | None = Field(
        default=None, gt=0, description="processors for a pod whose project does not say; none: all there are"
    )
    cpu_limit_max: float | None = Field(default=None, gt=0, description="most processors for any pod; none: no bound")
    start_timeout: float = Field(default=60, gt=0, description="seconds OpenCode may take to listen")
    stop_timeout: float = Field(
        default=30, gt=0, le=30, description="seconds for a graceful stop before processes are killed"
    )


class OpenCodeSettings(_Group):
    binary: Path | None = Field(default=None, description="an OpenCode binary to use instead of the pinned one")


class DemoSettings(_Group):
    enabled: Literal["auto", "always", "never"] = Field(
        default="auto", description="offer the scripted demo model: auto gives it to projects without a provider"
    )


class ProviderSettings(_Group):
    allow_private: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="may a provider's address be a private or loopback one; auto: while opm itself listens on loopback",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="hosts that providers may have at any address, also by http; cloud metadata never"
    )
    test_timeout: float = Field(default=30, gt=0, le=120, description="seconds that testing a provider may take")


class GitSettings(_Group):
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="hosts that repositories may be cloned from at any address, also by http; cloud metadata never",
    )
    clone_timeout: float = Field(default=900, gt=0, description="seconds that cloning a repository may take")
    clone_bytes: int = Field(
        default=10 * 2**30, gt=0, description="bytes that a cloned repository may take, history and files"
    )


class LimitSettings(_Group):
    body_bytes: int = Field(default=2**20, gt=0, description="largest JSON body")
    file_bytes: int = Field(default=10 * 2**20, gt=0, description="largest file written through the editor")
    streams_per_user: int = Field(default=20, gt=0, description="open output streams and sockets per user")
    streams_per_project: int = Field(
        default=10, gt=0, description="of these, output streams and terminals of one project"
    )
    reader_backlog: int = Field(
        default=2**20, gt=0, description="bytes a slow reader may fall behind before it is cut off"
    )
    reader_timeout: float = Field(
        default=30, gt=0, description="seconds in which a reader must take something of what waits for it"
    )
    header_timeout: float = Field(default=15, gt=0, description="seconds in which the head of a request must arrive")
    body_timeout: float = Field(default=30, gt=0, description="seconds without a byte after which a body is given up")
    connections: int = Field(default=2000, gt=0, description="open connections in all")
    connections_per_address: int = Field(
        default=200, gt=0, description="open connections of one address; not of a proxy on this machine"
    )
    projects_per_user: int = Field(default=50, gt=0, description="projects of one user, archived ones included")
    runs_per_user: int = Field(default=4, gt=0, description="runs at work at once in all projects of one user")
    runs: int = Field(default=16, gt=0, description="runs at work at once in all projects, on all controllers")


_RATE = "[1-9][0-9]*/([1-9][0-9]*)?(second|minute|hour|day)s?"
_Rates = Annotated[str, Field(pattern=f"^({_RATE}(;{_RATE})*)?$")]


class RateSettings(_Group):
    """In the notation of the `limits` library: `60/3second` is 20 a second with bursts of 60."""

    per_user: _Rates = Field(
        default="60/3second", description="requests of one person; several by `;`, empty: no limit"
    )
    per_address: _Rates = Field(
        default="60/3second", description="requests of one address by which nobody is signed in"
    )
    sign_in: _Rates = Field(
        default="30/minute;1000/hour",
        description="sign-ins and renewals, counted for each address and for each account",
    )
    store: Annotated[str, Field(pattern=r"^(rediss?|redis\+unix)://")] | None = Field(
        default=None, description="redis://... where several controllers count together; none: `redis.url`, if given"
    )


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OPM_", env_nested_delimiter="__", frozen=True, extra="ignore")

    host: str = Field(
        default="127.0.0.1", description="address to listen on; only loopback without an identity provider"
    )
    port: int = Field(default=8400, ge=0, le=65535, description="port to listen on; 0 picks a free one")
    public_url: str | None = Field(
        default=None, description="address in front of a proxy, e.g. https://opm.example.org"
    )
    allowed_hosts: tuple[str, ...] = Field(default=(), description="further values accepted in the Host header")
    trusted_proxies: tuple[str, ...] = Field(
        default=("127.0.0.1", "::1"),
        description="addresses or networks whose X-Forwarded-For and -Proto are believed, once public_url is set",
    )
    cors_origins: tuple[Annotated[str, Field(pattern=r"^https?://[a-z0-9.\-\[\]:]+$")], ...] = Field(
        default=(),
        description="origins whose pages may use the API with a token, never with a cookie, e.g. https://tools.lan",
    )
    data_dir: Path = Field(default_factory=usual_data_dir, description="database, keys, pods, binaries")
    secret_key_file: Path | None = Field(
        default=None, description="the master keys; none: `secret.keys` in the data directory"
    )
    drain_seconds: float = Field(
        default=0,
        ge=0,
        le=20,
        description="seconds to go on serving after SIGTERM while `readyz` says 503, for proxies to look elsewhere",
    )
    log: LogSettings = Field(default_factory=LogSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    oidc: OidcSettings = Field(default_factory=OidcSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    run: RunSettings = Field(default_factory=RunSettings)
    runtime: RuntimeSettings = Field(default_factory=RuntimeSettings)
    kubernetes: KubernetesSettings = Field(default_factory=KubernetesSettings)
    opencode: OpenCodeSettings = Field(default_factory=OpenCodeSettings)
    demo: DemoSettings = Field(default_factory=DemoSettings)
    providers: ProviderSettings = Field(default_factory=ProviderSettings)
    git: GitSettings = Field(default_factory=GitSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    rates: RateSettings = Field(default_factory=RateSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())

    @property
    def database_url(self) -> str:
        """With the driver this program uses."""
        if self.database.url is None:
            return f"sqlite+aiosqlite:///{self.data_dir / 'opm.db'}"
        _, _, rest = self.database.url.partition("://")
        return f"postgresql+asyncpg://{rest}" if self.database.url.startswith("postgres") else self.database.url

    @property
    def key_file(self) -> Path:
        return self.secret_key_file or self.data_dir / "secret.keys"

    @property
    def https(self) -> bool:
        """Whether people reach this server by https."""
        return (self.public_url or "").startswith("https://")

    @property
    def rate_store(self) -> str | None:
        """Where rates are counted together."""
        return self.rates.store or (self.redis.url.get_secret_value() if self.redis.url else None)

    @property
    def secrets(self) -> list[str]:
        """Passwords in addresses, which must not be written anywhere."""
        addresses = [self.database_url, self.rate_store, self.redis.url.get_secret_value() if self.redis.url else None]
        passwords = [urlsplit(address).password for address in addresses if address]
        return [unquote(password) for password in passwords if password]

    @property
    def embedded_database(self) -> bool:
        return self.database_url.startswith("sqlite")


def config_file() -> Path:
    named = os.environ.get("OPM_CONFIG_FILE")
    return Path(named) if named else Path(platformdirs.user_config_dir("opm")) / "opm.toml"
