"""The cookies of a sign-in, and of the way to it.

Ports share cookies, so in plain http the port is part of their names.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from opm.server.core.settings import Settings

REFRESH_PATH = "/api/auth"


@dataclass(frozen=True, slots=True)
class CookieNames:
    access: str
    refresh: str
    login: str
    """Held while the browser is at the identity provider."""
    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> "CookieNames":
        if settings.public_url is not None and urlsplit(settings.public_url).scheme == "https":
            # `__Host-` would demand the path `/`, which is wider than the refresh token has to travel
            return cls("__Host-opm_session", "__Secure-opm_refresh", "__Host-opm_login", secure=True)
        port = settings.port
        return cls(f"opm_session_{port}", f"opm_refresh_{port}", f"opm_login_{port}", secure=False)


def shown_cookie(connection: HTTPConnection, name: str) -> str:
    """Its value; nothing when two of that name came: one of them was planted, and none tells which."""
    pairs = (pair.strip() for pair in connection.headers.get("cookie", "").split(";"))
    return connection.cookies.get(name, "") if sum(pair.startswith(f"{name}=") for pair in pairs) == 1 else ""


def set_cookies(
    response: Response, names: CookieNames, access: tuple[str, datetime], refresh: tuple[str, datetime]
) -> None:
    """Each a value and the moment it ends."""
    response.set_cookie(
        names.access, access[0], expires=access[1], path="/", secure=names.secure, httponly=True, samesite="lax"
    )
    response.set_cookie(
        names.refresh,
        refresh[0],
        expires=refresh[1],
        path=REFRESH_PATH,
        secure=names.secure,
        httponly=True,
        samesite="strict",
    )


def clear_cookies(response: Response, names: CookieNames) -> None:
    response.delete_cookie(names.access, path="/", secure=names.secure, httponly=True, samesite="lax")
    response.delete_cookie(names.refresh, path=REFRESH_PATH, secure=names.secure, httponly=True, samesite="strict")
