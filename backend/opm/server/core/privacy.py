"""What other processes of the same account can see of this one.

Agents on one machine run as the account of the server. Its environment may hold an address with a password, and its
memory holds master keys; neither is anybody's business. The kernel hides both, and refuses debuggers and core dumps, of
a process that says it is not dumpable. Programs that it starts are ordinary again.
"""

import contextlib
import ctypes

_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4
"""Of `linux/prctl.h`."""


def hide_process() -> bool:
    """Whether it is hidden now. Root with every capability sees it all the same."""
    with contextlib.suppress(AttributeError, OSError):  # not Linux
        prctl = ctypes.CDLL(None).prctl
        return prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 and prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
    return False
