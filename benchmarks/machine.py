"""The line about machine and date that every benchmark begins with."""

import datetime
import os
import platform
from pathlib import Path

import torch


def describe_machine() -> str:
    """Return processor, cores, vector instructions, torch and date."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        name = next((ln.split(": ")[1] for ln in lines if ln.startswith("model name")), name)
    return (
        f"{name}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}, "
        f"torch {torch.__version__}, {datetime.datetime.now(datetime.UTC).date()}"
    )
