"""Figures in README and docs come from what benchmarks wrote, and tables are made from it."""

import json
import re
from pathlib import Path

import figures
import pytest


def test_every_figure_is_in_a_result_or_no_measurement() -> None:
    stated = figures.stated_figures()
    unknown = {
        page: {*found} - {*stated.get(page, {})}
        for page, found in figures.unknown_figures().items()
    }
    assert {page: new for page, new in unknown.items() if new} == {}


def test_what_is_no_measurement_is_said_and_still_there() -> None:
    assert "README.md" not in figures.stated_figures()
    for page, stated in figures.stated_figures().items():
        there = {*figures.figures((figures.ROOT / page).read_text(encoding="utf-8"))}
        assert {*stated} <= there, page
        assert all(len(what) > 5 for what in stated.values())


@pytest.mark.parametrize("names", ["`make bench-ceiling`", "(results/ceiling.json)"])
def test_only_results_that_a_page_names_count(names: str) -> None:
    kept = json.loads((figures.RESULTS / "ceiling.json").read_text(encoding="utf-8"))
    figure = next(figures.figures(kept["output"][-1]))
    assert figure in figures.known_numbers(f"It has {figure} dB, {names}.")
    assert figure not in figures.known_numbers(f"It has {figure} dB.")


def test_tables_and_the_list_of_benchmarks_are_up_to_date() -> None:
    for page in figures.pages():
        text = page.read_text(encoding="utf-8")
        assert figures.filled(text) == text, f"{page}: python tools/figures.py fills it in"
    made = (figures.ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    assert made == figures.overview()


def test_each_benchmark_is_a_target() -> None:
    """A script that no target runs would never be run again."""
    makefile = (figures.ROOT / "Makefile").read_text(encoding="utf-8")
    for path in sorted((figures.ROOT / "benchmarks").rglob("*.py")):
        name = str(path.relative_to(figures.ROOT))
        if "/." in name:  # an environment
            continue
        if "def main" in path.read_text(encoding="utf-8"):
            assert name in makefile or name in ALSO, name


# Run by other scripts, or by hand to make a picture or weights.
ALSO = {"benchmarks/record.py", "benchmarks/photo/figure.py", "benchmarks/photo/speed.py"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It takes 12 s, at 30.5 dB.", ["12", "30.5"]),
        ("from 1,024 images/s to 0.25", ["1024", "0.25"]),
        ("at most 2 of 3 pages, Python 3.11", []),
        ("`--minutes 5 s` and\n```sh\nx 7 s\n```\n", []),
        ("|  33.81 | 705 s |", ["33.81", "705"]),
    ],
)
def test_figures_are_numbers_with_a_unit_or_two_decimals(text: str, found: list[str]) -> None:
    assert list(figures.figures(text)) == found


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ("1", ["| a |", "| --- |", "| 1 |"]),
        ("2", ["| b |", "| ---: |", "| 2 |"]),
        ("dB", ["```text", "x 3 dB", "```"]),
        (
            None,
            ["```text", "| a |", "| --- |", "| 1 |", "| b |", "| ---: |", "| 2 |", "x 3 dB", "```"],
        ),
    ],
)
def test_a_page_takes_a_table_or_lines(
    part: str | None, shown: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "EPYC, 2026-11-28",
        "| a |",
        "| --- |",
        "| 1 |",
        "| b |",
        "| ---: |",
        "| 2 |",
        "x 3 dB",
    ]
    kept = {"command": "python b.py", "machine": "EPYC", "date": "2026-11-28", "output": lines}
    (tmp_path / "one.json").write_text(json.dumps(kept), encoding="utf-8")
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    name = f"one {part}" if part else "one"
    made = figures.filled(f"<!-- results: {name} -->\nold\n<!-- end of results -->\n").splitlines()
    assert made[1:-4] == shown
    assert made[-3] == "*`python b.py`, EPYC, 2026-11-28*"


def test_results_state_where_they_come_from() -> None:
    for path in figures.RESULTS.glob("*.json"):
        kept = json.loads(path.read_text(encoding="utf-8"))
        assert re.match(r"python (benchmarks|tools)/\S+\.py", kept["command"]), path
        assert kept["seconds"] >= 0
        assert Path(figures.ROOT, kept["command"].split()[1]).is_file()
