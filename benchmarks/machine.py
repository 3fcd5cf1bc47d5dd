"""The machine: the line that describes it at the top of every benchmark, and its highest speed."""

import datetime
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn import functional as F

from unnoise.memory import keep_freed_memory

keep_freed_memory()  # the same setting as in the command line


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


def rate(work: Callable[[], object], operations: float) -> float:
    """Return operations per second, the best of several tries of at least 0.2 s."""
    work()
    best, begun = float("inf"), time.perf_counter()
    while time.perf_counter() - begun < 2:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return operations / best


def machine_limit() -> float:
    """Return the highest fp32 rate measured on this machine, in FLOP/s."""
    a, b = torch.rand(2048, 2048), torch.rand(2048, 2048)
    x = torch.rand(16, 64, 64, 64).to(memory_format=torch.channels_last)
    weight = torch.rand(64, 64, 3, 3).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        product = rate(lambda: a @ b, 2 * 2048**3)
        convolution = rate(lambda: F.conv2d(x, weight, padding=1), 2 * 16 * 64**2 * 64 * 64 * 9)
    print(
        f"limit, fp32: matrix product {product / 1e9:.0f} GFLOP/s, "
        f"convolution of 64 channels {convolution / 1e9:.0f} GFLOP/s"
    )
    return max(product, convolution)
