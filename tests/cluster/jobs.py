"""Small jobs for the tests of this room."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.api.one_file import Summary
from unnoise.cluster import denoise_many
from unnoise.denoiser import Outputs
from unnoise.images import write_stack
from unnoise.pretrained import PRETRAINED

# Ready in half a second, where torch would take several.
MODEL = str(PRETRAINED["photo"].with_suffix(".onnx"))


def make_images(folder: Path, count: int, *, side: int = 64) -> list[str]:
    """Write noisy images, some in a subfolder, and return their names."""
    random = np.random.default_rng(0)
    names = [f"s/{i}.png" if i % 3 == 0 else f"{i}.png" for i in range(count)]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        image = random.normal(128, 20, (side, side)).clip(0, 255).astype(np.uint8)
        write_stack(folder / name, image)
    return sorted(names)


def quiet_job(
    source: Path | str,
    out: Path,
    *,
    suffix: str | None = None,
    inspect: bool = True,
    **options: Any,
) -> Summary:
    """Run a job that prints nothing."""
    outputs = Outputs(out=out, suffix=suffix, inspect=inspect)
    return denoise_many(MODEL, source, outputs=outputs, say=lambda _: None, **options)


def read_rows(out: Path) -> list[dict[str, Any]]:
    """Return the rows of a manifest; each is whole."""
    path = out / "manifest.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def outputs_below(out: Path) -> list[str]:
    """List every file of a job's folder but its record, hidden ones too."""
    return sorted(
        path.relative_to(out).as_posix()
        for path in out.rglob("*")
        if path.is_file() and path.name not in ("job.json", "manifest.jsonl")
    )


def check_complete(out: Path, names: list[str]) -> None:
    """Check that every output is there, once in the manifest, and nothing else."""
    assert outputs_below(out) == names
    assert Counter(row["output"] for row in read_rows(out)) == Counter(names)


def wait_until(true: Callable[[], object], *, seconds: float = 30) -> None:
    """Wait, or fail."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def processes_named(word: str) -> list[int]:
    """List the processes of this machine whose command line holds a word."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and word.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it has just ended
            continue
    return [number for number in found if number != os.getpid()]


def is_ours(number: int) -> bool:
    """Whether a process was started by this one, or by one that was."""
    while number > 1 and number != os.getpid():
        number = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    return number > 1
