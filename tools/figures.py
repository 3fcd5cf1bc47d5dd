"""Figures in README and docs: tables are made from what benchmarks wrote, and the rest is checked.

    python tools/figures.py          fill in tables and benchmarks/README.md
    python tools/figures.py --check  change nothing; list figures that no result has

Benchmarks write JSON: ``benchmarks/record.py`` into benchmarks/results/, some into docs/. A page
takes the N-th table that a benchmark printed by a pair of comments, between which it is filled in.
With a text instead of N it takes the lines that hold it, and without both all lines:

    <!-- results: NAME N -->
    <!-- end of results -->

A figure is a number with a unit, or with two decimals, outside code. It is known if a result that
the page names has it, rounded to as many decimals. All others are no measurements:
``tools/stated.json`` lists them by page, each with what it is: a setting, a limit, a target.
"""

import json
import re
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

from unnoise.outputs import write_text

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"
STATED = Path(__file__).with_name("stated.json")
# The history of the project, and pages that are written whole from other sources.
EXEMPT = ("docs/lab-notes.md", "docs/gallery/index.md", "docs/reference/made/", "docs/_build/",
          "docs/learn/", "docs/project/", "docs/tutorials/")  # fmt: skip

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
WORDS = re.compile(r"(?<![\w.,/:])(?<![\w)]-)(\d[\d,]*(?:\.\d+)?)(?![\w.]*\d)[  ]?([\w%µ/]*)")
UNITS = {"dB", "%", "s", "ms", "µs", "minute", "minutes", "hour", "hours", "times", "kMAC/pixel",
         "kB", "MB", "GB", "KiB", "MiB", "GiB", "images/s", "crops/s", "GFLOP/s"}  # fmt: skip
CODE = re.compile(r"^( *)```.*?^\1```|^    [^\n]*|`[^`\n]+`|Python \d\.\d+", re.S | re.M)
MARKED = re.compile(
    r"(<!-- results: (\S+)(?: ([^\n>]+?))? -->\n).*?(<!-- end of results -->)", re.S
)


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


def known_numbers(page: str) -> set[str]:
    """Return the numbers of the results that a page names, as written and with fewer decimals.

    A page names results by the command that makes them, by their file, or by their own page.
    """
    named = set(re.findall(r"results[:/] ?([\w-]+)", page))
    for target, names in targets().items():
        if f"make {target}" in page:
            named |= {*names}
    results: list[Any] = [path.read_text("utf-8") for path in written() if path.name in page]
    for path in RESULTS.glob("*.json"):
        result = json.loads(path.read_text("utf-8"))
        if path.stem in named or result["command"].split()[1] in page:
            results.append(result)
    for path in [*ROOT.glob("docs/*.json"), *ROOT.glob("docs/gallery/*.json")]:
        if path.stem in page:
            results.append(json.loads(path.read_text("utf-8")))
    known: set[str] = set()
    for number in _numbers(results):
        decimals = len(number.partition(".")[2])
        known |= {number, *(f"{float(number):.{fewer}f}" for fewer in range(decimals))}
    return known


def targets() -> dict[str, list[str]]:
    """Return the results that each target of the Makefile makes."""
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {
        target: re.findall(r"\$\(RECORD\) (\S+)", recipe)
        for target, recipe in re.findall(r"^(bench-[\w-]+):.*\n((?:\t.*\n)+)", made, re.M)
    }


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
    """Return the figures of each page that no result which the page names has."""
    found = {}
    for page in pages():
        text = page.read_text(encoding="utf-8")
        known = known_numbers(text)
        found[str(page.relative_to(ROOT))] = [each for each in figures(text) if each not in known]
    return {page: missing for page, missing in found.items() if missing}


def stated_figures() -> dict[str, dict[str, str]]:
    """Return the figures of each page that are no measurements, with what they are."""
    stated: dict[str, dict[str, str]] = json.loads(STATED.read_text(encoding="utf-8"))
    return stated


def filled(text: str) -> str:
    """Return a page with its tables made from the results."""
    return MARKED.sub(lambda m: f"{m[1]}{printed(m[2], m[3])}\n{m[4]}", text)


def printed(name: str, part: str | None) -> str:
    """Return the table, or the lines as text, that a benchmark printed; and where it ran."""
    kept = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    lines = [line for line in kept["output"] if not line.startswith(kept["machine"])]
    if part and part.isdigit():
        shown = _tables(lines)[int(part) - 1]
    else:
        shown = ["```text", *(line for line in lines if (part or "") in line), "```"]
    return "\n".join([*shown, "", f"*`{kept['command']}`, {kept['machine']}, {kept['date']}*", ""])


def _tables(lines: list[str]) -> list[list[str]]:
    """Return the tables among lines, each from its head on."""
    heads = [index - 1 for index, line in enumerate(lines) if line.startswith("| --")]
    ends = [*heads, len(lines)][1:]
    return [
        list(takewhile(lambda line: line.startswith("|"), lines[head:end]))
        for head, end in zip(heads, ends, strict=True)
    ]


def overview() -> str:
    """Return benchmarks/README.md: which command makes which result, and when it last ran."""
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    said = dict(re.findall(r"^(bench-[\w-]+):.*?## (.*)", made, re.M))
    rows = [
        f"| `make {target}` | {said[target]} | {'; '.join(map(_last, names)) or 'tests'} |"
        for target, names in targets().items()
    ]
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


if __name__ == "__main__":
    main()
