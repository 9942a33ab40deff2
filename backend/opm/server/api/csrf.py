"""The token that a page of ours can send and another cannot: bound to the sign-in, and never in a cookie.

It stands beside the check of the asking page's origin (`gate`), not in its place.
"""

import base64
import hashlib
import hmac
from uuid import UUID

from opm.server.core.crypto import Cipher

HEADER = "x-csrf-token"


def csrf_token(cipher: Cipher, auth_session: UUID) -> str:
    made = hmac.new(cipher.derive("csrf"), auth_session.bytes, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def is_csrf_token(cipher: Cipher, auth_session: UUID, shown: str) -> bool:
    return hmac.compare_digest(csrf_token(cipher, auth_session).encode(), shown.encode())
