"""Pods as processes of this machine: the embedded default. Needs Linux (/proc and pidfds)."""

from opm.server.runtime.local.runtime import LocalRuntime
from opm.server.runtime.local.settings import Backoff, LocalSettings

__all__ = ["Backoff", "LocalRuntime", "LocalSettings"]
