"""Figures in README and docs: tables are made from what benchmarks wrote, and the rest is checked.

    python tools/figures.py          fill in tables and benchmarks/README.md, and shorten the list
    python tools/figures.py --check  change nothing; list figures that no result has

Benchmarks write JSON: ``benchmarks/record.py`` into benchmarks/results/, some into docs/. A page
takes the N-th table that a benchmark printed by a pair of comments, between which it is filled in:

    <!-- results: NAME N -->
    <!-- end of results -->

A figure is a number with a unit, or with two decimals, outside code. It is known if a result has
it, rounded to as many decimals. ``benchmarks/results/earlier.json`` lists the figures that were
measured before results were kept; the list may only become shorter.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unnoise.outputs import write_text

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"
EARLIER = RESULTS / "earlier.json"
# The history of the project, and pages that are written whole from other sources.
EXEMPT = ("docs/lab-notes.md", "docs/gallery/index.md", "docs/reference/made/", "docs/_build/",
          "docs/learn/", "docs/project/", "docs/tutorials/")  # fmt: skip

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
WORDS = re.compile(r"(?<![\w.,/:-])(\d[\d,]*(?:\.\d+)?)(?![\w.]*\d)[  ]?([\w%µ/]*)")
UNITS = {"dB", "%", "s", "ms", "µs", "minute", "minutes", "hour", "hours", "times", "kMAC/pixel",
         "kB", "MB", "GB", "KiB", "MiB", "GiB", "images/s", "crops/s", "GFLOP/s"}  # fmt: skip
CODE = re.compile(r"^( *)```.*?^\1```|^    [^\n]*|`[^`\n]+`|Python \d\.\d+", re.S | re.M)
MARKED = re.compile(r"(<!-- results: (\S+) (\d+) -->\n).*?(<!-- end of results -->)", re.S)


def pages() -> Iterator[Path]:
    """Yield README, docs and the cards of the models, but the pages that a benchmark wrote."""
    yield ROOT / "README.md"
    made = written()
    for path in sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("src/unnoise/pretrained/*.md")]):
        if path not in made and not str(path.relative_to(ROOT)).startswith(EXEMPT):
            yield path


def written() -> list[Path]:
    """Return the pages that a benchmark wrote, whole."""
    paths = [*ROOT.glob("docs/*-benchmark.md"), ROOT / "docs/seed-keras.md"]
    return [path for path in paths if "Written by `make bench-" in path.read_text(encoding="utf-8")]


def figures(text: str) -> Iterator[str]:
    """Yield the figures of a page, without separators of thousands, in order."""
    for number, unit in WORDS.findall(CODE.sub(" ", MARKED.sub(" ", text))):
        if unit in UNITS or len(number.partition(".")[2]) > 1:
            yield number.replace(",", "")


def known_numbers() -> set[str]:
    """Return all numbers of all results, as they are written and rounded to fewer decimals."""
    results: list[Any] = [path.read_text(encoding="utf-8") for path in written()]
    for pattern in ("benchmarks/results/*.json", "docs/*.json", "docs/gallery/*.json"):
        for path in set(ROOT.glob(pattern)) - {EARLIER}:
            results.append(json.loads(path.read_text(encoding="utf-8")))
    known: set[str] = set()
    for number in _numbers(results):
        decimals = len(number.partition(".")[2])
        known |= {number, *(f"{float(number):.{fewer}f}" for fewer in range(decimals))}
    return known


def _numbers(value: Any) -> Iterator[str]:
    """Yield the numbers in a result: in its texts, and those that are numbers."""
    if isinstance(value, str):
        yield from (number.replace(",", "") for number in NUMBER.findall(value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield f"{abs(value):.6f}" if isinstance(value, float) else str(abs(value))
    elif isinstance(value, dict):
        yield from (number for each in value.items() for part in each for number in _numbers(part))
    elif isinstance(value, list):
        yield from (number for part in value for number in _numbers(part))


def unknown_figures() -> dict[str, list[str]]:
    """Return the figures of each page that no result has."""
    known = known_numbers()
    found = {
        str(page.relative_to(ROOT)): [
            figure for figure in figures(page.read_text(encoding="utf-8")) if figure not in known
        ]
        for page in pages()
    }
    return {page: missing for page, missing in found.items() if missing}


def earlier_figures() -> dict[str, list[str]]:
    """Return the figures of each page that were measured before results were kept."""
    kept: dict[str, list[str]] = json.loads(EARLIER.read_text(encoding="utf-8"))["figures"]
    return kept


def still_there() -> dict[str, set[str]]:
    """Return the earlier figures that their pages still have."""
    found = {
        page: {*listed} & {*figures((ROOT / page).read_text(encoding="utf-8"))}
        for page, listed in earlier_figures().items()
        if (ROOT / page).is_file()
    }
    return {page: listed for page, listed in found.items() if listed}


def filled(text: str) -> str:
    """Return a page with its tables made from the results."""
    return MARKED.sub(lambda m: f"{m[1]}{table_of(m[2], int(m[3]))}\n{m[4]}", text)


def table_of(name: str, number: int) -> str:
    """Return the N-th table that a benchmark printed."""
    output = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))["output"]
    tables, before = [], ""
    for line in output:
        if line.startswith("|") and not before.startswith("|"):
            tables.append([line])
        elif line.startswith("|"):
            tables[-1].append(line)
        before = line
    return "\n".join(tables[number - 1])


def overview() -> str:
    """Return benchmarks/README.md: which command makes which result, and when it last ran."""
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    rows = []
    for target, said, recipe in re.findall(
        r"^(bench-[\w-]+):.*?## (.*)\n((?:\t.*\n)+)", made, re.M
    ):
        names = re.findall(r"\$\(RECORD\) (\S+)", recipe)
        rows.append(f"| `make {target}` | {said} | {'; '.join(map(_last, names)) or 'tests'} |")
    return OVERVIEW + "\n".join(rows) + "\n"


def _last(name: str) -> str:
    """Return when and how long a benchmark last ran."""
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return f"{name}: not since results are kept"
    kept = json.loads(path.read_text(encoding="utf-8"))
    return (
        f"[{name}](results/{name}.json): {kept['date']}, {kept['seconds']:,} s, {kept['machine']}"
    )


OVERVIEW = """# Benchmarks

Each target of the Makefile runs scripts of this folder on the images in `$UNNOISE_DATA`, and keeps
what they print in `results/`: with command, machine, date, duration, and how busy other processes
kept the machine meanwhile (`others`, in cores; times are those of a quiet machine if it is near 0).
Tables in docs are made from these files by `python tools/figures.py`, which writes this page, too.
`results/earlier.json` lists figures in docs that were measured by the command beside them before
results were kept.

| command | what it measures | results: last run, duration, machine |
| --- | --- | --- |
"""


def main() -> None:
    """Fill in all pages; or list what no result has."""
    if sys.argv[1:] == ["--check"]:
        for name, missing in unknown_figures().items():
            print(f"{name}: {', '.join(missing)}")
        return
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if filled(text) != text:
            write_text(page, filled(text))
    write_text(ROOT / "benchmarks/README.md", overview())
    kept = json.loads(EARLIER.read_text(encoding="utf-8"))
    kept["figures"] = {page: sorted(listed) for page, listed in still_there().items()}
    write_text(EARLIER, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
