"""Build sdist and wheel, check their content, install the wheel in an empty environment, use it.

    python tools/check_build.py [--out dist] [--minutes 0.1]

The wheel is built from the sdist, and must equal one that is built from the source tree. CI runs
it; the wheel and the sdist stay in ``--out``.
"""

import argparse
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from subprocess import run
from typing import TypeVar

from empty_environment import ROOT, Command, EmptyEnvironment

SOURCE = ROOT / "src/unnoise"
LIMIT = 20.0  # MB, 10**6 bytes, of the wheel; three quarters are the weights of two models
TORCH = "torch==2.13.0"
CACHES = ("__pycache__", ".pyc", "_cache/", ".egg-info", ".venv")
# One file of each kind that a packager forgets; that all files are there is checked, too.
NEEDED = (
    "py.typed",
    "datasets/digits/train-images-idx3-ubyte.gz",
    "datasets/digits/README.md",
    "napari_plugin/napari.yaml",
    "pretrained/photo.safetensors",
    "pretrained/photo.onnx",
    "pretrained/photo.md",
    "pretrained/fluorescence.safetensors",
    "pretrained/fluorescence.onnx",
    "pretrained/fluorescence.md",
    "report/base.html.jinja",
    "server/examples/index.json",
    "server/page/index.html",
)
IN_SDIST = ("src", "tests", "benchmarks", "docs", "examples", "presets", "tools", "pyproject.toml")
Result = TypeVar("Result")
EXAMPLE = SOURCE / "server/examples/digits.png"


def main() -> int:
    """Build, check, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--minutes", type=float, default=0.1, help="of the demo")
    given = parser.parse_args()
    begun = time.perf_counter()
    wheel, sdist, version = build(given.out)
    faults = [*faults_of_wheel(wheel, package_files(SOURCE), version), *faults_of_sdist(sdist)]
    for each in (wheel, sdist):
        print(f"{each.name}: {each.stat().st_size / 1e6:.1f} MB")
    if not faults:
        with tempfile.TemporaryDirectory() as name:
            faults = [*use(wheel, version, Path(name), minutes=given.minutes)]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{'failed' if faults else 'all is well'}, {time.perf_counter() - begun:.0f} s")
    return int(bool(faults))


def build(out: Path) -> tuple[Path, Path, str]:
    """Return wheel and sdist in ``out``, and the version; leave ``out`` without other builds."""
    for old in out.glob("unnoise-*"):
        old.unlink()
    command = [sys.executable, "-m", "build", "--outdir"]
    run([*command, out, ROOT], check=True, capture_output=True, text=True)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as name:
        run([*command, name, "--wheel", ROOT], check=True, capture_output=True, text=True)
        (direct,) = Path(name).glob("*.whl")
        if different := changed(content(direct), content(wheel)):
            raise SystemExit(f"the wheel of the sdist differs from that of the tree: {different}")
    return wheel, sdist, wheel.name.split("-")[1]


def content(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel."""
    with zipfile.ZipFile(wheel) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def changed(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """Return the names of files that are in one alone, or differ."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def package_files(source: Path) -> set[str]:
    """Return the files of the package, relative to its folder, without caches."""
    found = (str(path.relative_to(source)) for path in source.rglob("*") if path.is_file())
    return {name for name in found if not any(cache in name for cache in CACHES)}


def faults_of_wheel(wheel: Path, expected: Iterable[str], version: str) -> Iterator[str]:
    """Yield what is wrong with a wheel, in words."""
    names = {*content(wheel)}
    info = f"unnoise-{version}.dist-info"
    inside = {name.removeprefix("unnoise/") for name in names if name.startswith("unnoise/")}
    for name in sorted({*expected, *NEEDED} - inside):
        yield f"the wheel lacks {name}"
    for name in sorted(inside - {*expected}):
        yield f"the wheel holds {name}, which is not in src/unnoise, or is a cache"
    for name in sorted(names):
        if name.split("/")[0] not in ("unnoise", info):
            yield f"the wheel holds {name}, which is not of the package"
    if f"{info}/licenses/LICENSE" not in names:
        yield "the wheel lacks the licence"
    if (size := wheel.stat().st_size / 1e6) > LIMIT:
        yield f"the wheel has {size:.1f} MB, more than {LIMIT:g} MB"


def faults_of_sdist(sdist: Path) -> Iterator[str]:
    """Yield what is wrong with an sdist, in words."""
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    tops = {name.split("/")[0] for name in names}
    for top in sorted({*IN_SDIST} - tops):
        yield f"the sdist lacks {top}"
    for name in sorted(names):
        if any(cache in name for cache in CACHES):
            yield f"the sdist holds {name}, which is a cache"
    if "shared" in tops or "runs" in tops:
        yield "the sdist holds data or runs, which git does not track"


def use(wheel: Path, version: str, folder: Path, *, minutes: float) -> Iterator[str]:
    """Install a wheel with its extra for training, run the demo and denoise; yield faults."""
    environment = EmptyEnvironment.make(folder / "env")
    timed("install torch", lambda: environment.install(TORCH))
    timed("install the wheel with [train]", lambda: environment.install(f"{wheel}[train]"))
    where = "import unnoise; print(unnoise.__file__)"
    if not Path(_told(environment, folder, "-c", where)).is_relative_to(environment.folder):
        yield "another unnoise than the installed one was imported"
    said = environment.run([environment.unnoise, "--version"], folder=folder).stdout.strip()
    if said != version:
        yield f"unnoise --version prints {said}, and the wheel is {version}"
    print(f"the environment has {environment.megabytes:.0f} MB, most of it torch")
    demo: Command = [environment.unnoise, "demo", "--minutes", str(minutes), "--quiet"]
    table = timed("unnoise demo", lambda: environment.run(demo, folder=folder).stdout)
    print(*table.splitlines()[-2:], sep="\n")
    if not (folder / "demo/report.html").is_file():
        yield "unnoise demo has written no report"
    for model in ("photo", "demo"):
        clean = folder / f"{model}.png"
        denoise: Command = [environment.unnoise, "denoise", EXAMPLE, "--model", model]
        denoise += ["--out", clean]
        timed(f"unnoise denoise by {model}", partial(environment.run, denoise, folder=folder))
        if not clean.is_file():
            yield f"unnoise denoise by {model} has written no image"


def _told(environment: EmptyEnvironment, folder: Path, *arguments: str) -> str:
    return environment.run([environment.python, *arguments], folder=folder).stdout.strip()


def timed(name: str, work: Callable[[], Result]) -> Result:
    """Do it, and print the seconds that it took."""
    begun = time.perf_counter()
    result = work()
    print(f"{name}: {time.perf_counter() - begun:.1f} s", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
