"""Peak memory of a call, and processes in which nothing else has run."""

import json
import os
import subprocess
import sys
from pathlib import Path


def status(field):
    """A figure of this process in bytes; none where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


def resident_peak(function):
    """Peak of the resident memory during a call minus what is resident before it (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # sets back the peak
    except OSError:
        return None
    before = status("VmRSS")
    function()
    return status("VmHWM") - before


def in_new_process(script, *line):
    """What ``python script --line LINE`` prints last; both are JSON."""
    # With thresholds that are set, what is freed goes back to the system and counts anew.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}
    done = subprocess.run(
        [sys.executable, script, "--line", json.dumps(line)], env=environment,
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])
