"""Owns Holder: which process holds a claim, and whether that process has died."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """One process, told apart from every other that this machine ran or will run.

    Linux gives a boot id (one per start of the kernel, shared by its containers), the pid namespace and the instant at
    which the process started, so a process number used again is not mistaken for its former owner. Where they are
    missing they are empty, and the process counts as alive.

    Attributes:
        host: the machine's name, for people.
        boot: id of the running kernel, or "".
        namespace: the pid namespace in which `pid` means something, or "".
        pid: number of the process.
        started: clock ticks from boot to the process's start, or "".
    """

    host: str
    boot: str
    namespace: str
    pid: int
    started: str

    @classmethod
    def here(cls) -> Self:
        """Return the process that calls."""
        return cls(*_facts(os.getpid()))

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read what `to_json` gave; what cannot be read becomes a holder nobody knows, who counts as alive."""
        found = data if isinstance(data, dict) else {}
        host, boot, namespace, started = (str(found.get(name, "")) for name in ("host", "boot", "namespace", "started"))
        pid = found.get("pid")
        if type(pid) is not int or pid <= 0:
            return cls("an unknown host", "", "", 0, "")
        return cls(host, boot, namespace, pid, started)

    def to_json(self) -> dict[str, Any]:
        """Return the holder as JSON-able data."""
        return {
            "host": self.host,
            "boot": self.boot,
            "namespace": self.namespace,
            "pid": self.pid,
            "started": self.started,
        }

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" if self.pid else f"an unknown process on {self.host}"

    def has_died(self) -> bool:
        """Say whether the process is known to live no more; False wherever that cannot be known from here.

        Another machine, another container and a former boot are all "not known": their leases run out by themselves.
        """
        here = Holder.here()
        if not (self.boot and self.namespace and self.started):
            return False
        if (self.boot, self.namespace) != (here.boot, here.namespace):
            return False
        now = _started(self.pid)
        if now is None:
            return not _exists(self.pid)
        return now != self.started


@lru_cache(maxsize=1)
def _facts(pid: int) -> tuple[str, str, str, int, str]:
    """Return what names process `pid`, which is this one; the argument keeps a forked child from its parent's facts."""
    return socket.gethostname(), _boot(), _namespace(), pid, _started(pid) or ""


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """Return when a living process started, "" when it is dead and only waits to be collected, None when unseen."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before may hold blanks and brackets
    state, ticks = fields[0], fields[19]
    return "" if state in "ZXx" else ticks


def _exists(pid: int) -> bool:
    """Ask the kernel, because /proc may hide the processes of other users."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
