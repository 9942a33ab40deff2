"""Names for prompts, chosen before they are sent, so that none is ever sent twice.

OpenCode orders the messages of a session by id and compares ids to find the newest, so ours have its form:
``msg_``, the low 48 bits of (milliseconds x 4096 + counter) as hex, then 14 letters and digits.
"""

import secrets
import string
from datetime import datetime

_LETTERS = string.digits + string.ascii_letters


def new_message_id(now: datetime) -> str:
    stamp = (int(now.timestamp() * 1000) * 0x1000 + secrets.randbelow(0x1000)) & 0xFFFF_FFFF_FFFF
    return f"msg_{stamp:012x}" + "".join(secrets.choice(_LETTERS) for _ in range(14))
