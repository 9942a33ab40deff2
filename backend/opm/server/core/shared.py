"""Settings of what several controllers share, and of how they are watched."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(Group):
    url: str | None = Field(default=None, description="postgresql://... ; none: SQLite in the data directory")
    pool_size: int = Field(default=25, ge=1, le=50, description="connections of one controller (PostgreSQL)")
    pool_timeout: float = Field(default=2, gt=0, description="seconds to wait for a connection before 503")
    statement_timeout: float = Field(default=10, gt=0, description="seconds a statement may take (PostgreSQL)")
    lock_timeout: float = Field(
        default=3, gt=0, description="seconds a statement may wait for what others hold (PostgreSQL)"
    )
    idle_timeout: float = Field(
        default=10, gt=0, description="seconds a transaction may do nothing before it is ended (PostgreSQL)"
    )
    migrate: bool = Field(
        default=True,
        description="bring the schema up to date when the server starts; false: refuse until `opm migrate` has",
    )


class RedisSettings(Group):
    """Between several controllers on one PostgreSQL; a single one needs none."""

    url: SecretStr | None = Field(
        default=None, description="redis://... by which several controllers tell each other news; none: there is one"
    )
    prefix: str = Field(
        default="opm",
        pattern=r"^[a-z0-9-]{1,40}$",
        description="first part of the names of channels: several installations may share one Redis",
    )

    @model_validator(mode="after")
    def _known_scheme(self) -> "RedisSettings":
        if self.url is not None and urlsplit(self.url.get_secret_value()).scheme not in {"redis", "rediss"}:
            raise ValueError("redis.url begins with redis:// or rediss://")
        return self


class MetricsSettings(Group):
    """For Prometheus, apart from what people reach: whoever reaches this port may read it."""

    port: int | None = Field(default=None, ge=1, le=65535, description="port of GET /metrics; none: not served")
    host: str = Field(default="127.0.0.1", description="address to serve metrics on")
