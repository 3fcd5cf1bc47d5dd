"""Figures in README and docs come from what benchmarks wrote, and tables are made from it."""

import json
import re
from pathlib import Path

import figures
import pytest


def test_every_figure_is_in_a_result() -> None:
    earlier = figures.earlier_figures()
    added = {
        page: [figure for figure in missing if figure not in earlier.get(page, [])]
        for page, missing in figures.unknown_figures().items()
    }
    assert {page: new for page, new in added.items() if new} == {}


def test_the_readme_needs_no_earlier_figures() -> None:
    assert "README.md" not in figures.earlier_figures()


def test_the_list_of_earlier_figures_becomes_shorter_with_their_pages() -> None:
    listed = {page: {*each} for page, each in figures.earlier_figures().items()}
    assert listed == figures.still_there(), "python tools/figures.py shortens the list"


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


def test_results_state_where_they_come_from() -> None:
    for path in figures.RESULTS.glob("*.json"):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if path != figures.EARLIER:
            assert re.match(r"python benchmarks/\S+\.py", kept["command"]), path
            assert kept["seconds"] >= 0
            assert Path(figures.ROOT, kept["command"].split()[1]).is_file()
