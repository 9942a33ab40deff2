"""Which names and origins are ours. Without this any page could reach a server on loopback by its own name."""

from urllib.parse import urlsplit

from opm.server.core.settings import LOOPBACK, Settings


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Without ports: a name that resolves elsewhere is the danger, not a port."""
    names = {host_name(host) for host in settings.allowed_hosts}
    if settings.public_url is not None:
        names.add(urlsplit(settings.public_url).hostname or "")
    return LOOPBACK | (names - {""})


def host_name(header: str) -> str:
    """The name in a Host header, "" if it is not one."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.netloc == header and "@" not in header else ""


def own_origins(settings: Settings, host: str) -> frozenset[str]:
    """The origins whose pages may act for the user; `host` is the request's Host header, already checked."""
    if settings.public_url is None:
        return frozenset({f"http://{host}"})
    public = urlsplit(settings.public_url)
    return frozenset({f"{public.scheme}://{public.netloc}", f"{public.scheme}://{host}"})
