"""What a process holds at most."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_megabytes() -> float:
    """The most that this process has held: not `ru_maxrss`, which a child inherits from the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (x for x in status.read_text("ascii").splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) * 1_024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1_024) / 1e6
