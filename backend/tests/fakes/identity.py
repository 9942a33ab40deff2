"""An identity provider in memory, with everything that goes wrong with real ones at the turn of a switch."""

import secrets
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlencode, urlsplit

from opm.server.clients.oidc.base import Answer, Grant, Identity, Login, LogoutForm, LogoutNotice
from opm.server.core.clock import Clock
from opm.server.core.errors import Unauthorized, Unavailable

ISSUER = "https://id.example.org"


@dataclass
class _Code:
    subject: str
    nonce: str
    verifier_hash: str
    return_to: str


@dataclass
class FakeIdentity:
    clock: Clock
    people: dict[str, Identity] = field(default_factory=dict)
    down: bool = False
    gives_refresh: bool = True
    disabled: set[str] = field(default_factory=set)
    renewals: int = 0
    _codes: dict[str, _Code] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)
    _notices: dict[str, LogoutNotice] = field(default_factory=dict)

    def knows(self, subject: str, *, admin: bool = False, name: str = "") -> Identity:
        """Add or change a person."""
        self.people[subject] = Identity(
            ISSUER, subject, name or subject.title(), f"{subject}@example.org", is_admin=admin
        )
        return self.people[subject]

    def browse(self, url: str, subject: str) -> dict[str, str]:
        """Somebody signs in at the address; gives what stands in the query of the way back."""
        said = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(16)
        self._codes[code] = _Code(subject, said["nonce"], said["verifier"], said["redirect_uri"])
        return {"code": code, "state": said["state"], "iss": ISSUER}

    def notice(self, subject: str | None, session: str | None = None) -> str:
        """A logout token."""
        token = secrets.token_urlsafe(16)
        self._notices[token] = LogoutNotice(ISSUER, subject, session, self.clock.now())
        return token

    async def authorization_url(self, login: Login, return_to: str) -> str:
        self._answer()
        query = {"state": login.state, "nonce": login.nonce, "verifier": login.verifier, "redirect_uri": return_to}
        return f"{ISSUER}/authorize?{urlencode(query)}"

    async def redeem(self, answer: Answer, login: Login, return_to: str) -> Grant:
        self._answer()
        code = self._codes.pop(answer.code, None)
        wanted = (login.nonce, login.verifier, return_to)
        if (
            code is None
            or answer.issuer != ISSUER
            or (code.nonce, code.verifier_hash, code.return_to) != wanted
            or code.subject in self.disabled
        ):
            raise Unauthorized("The identity provider's answer was not accepted; sign in again.")
        return self._grant(code.subject)

    async def renew(self, refresh_token: str, subject: str) -> Grant:
        self._answer()
        self.renewals += 1
        if self._refresh.pop(refresh_token, None) != subject or subject in self.disabled:
            raise Unauthorized("The identity provider's answer was not accepted; sign in again.")
        return self._grant(subject)

    async def logout_form(self, id_token: str | None, return_to: str) -> LogoutForm | None:
        self._answer()
        return LogoutForm(f"{ISSUER}/logout", {"id_token_hint": id_token or "", "post_logout_redirect_uri": return_to})

    async def read_logout(self, token: str) -> LogoutNotice:
        try:
            return self._notices[token]
        except KeyError as exc:
            raise Unauthorized("The identity provider's answer was not accepted; sign in again.") from exc

    async def close(self) -> None:
        """Nothing is held."""

    def _grant(self, subject: str) -> Grant:
        refresh = None
        if self.gives_refresh:
            refresh = secrets.token_urlsafe(16)
            self._refresh[refresh] = subject
        return Grant(replace(self.people[subject]), f"session-{subject}", f"id-token-of-{subject}", refresh)

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("The identity provider cannot be reached; try again in a moment.")
