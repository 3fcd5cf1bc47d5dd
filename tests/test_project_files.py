"""The files around the code: hooks, citation, issue templates, and the links between pages."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from unnoise.cli import VERBS

ROOT = Path(__file__).parents[1]
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
# Folders that are made, and that git ignores.
MADE = [
    ROOT / line.strip("/")
    for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    if line.startswith("/") and line.endswith("/")
]
FORMS = [path for path in TEMPLATES if path.name != "config.yml"]


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def recipe(target: str) -> list[str]:
    """Return the commands of a target of the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(rf"(?m)^{target}:.*\n((?:\t.*\n)+)", text)
    assert found
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in found[1].splitlines()]


def test_the_hooks_run_what_make_check_runs() -> None:
    (repository,) = load(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"  # so nothing is downloaded
    hooks = repository["hooks"]
    assert [hook["entry"] for hook in hooks] == recipe("check")
    for hook in hooks:  # as make does: the whole command, on all files
        assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == (
            "system",
            False,
            True,
        )


def test_the_citation_file_is_of_version_1_2_0() -> None:
    citation = load(ROOT / "CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == [{"name": "The unnoise authors"}]
    required = {"cff-version", "message", "title", "authors"}  # by its schema
    known = required | {"abstract", "type", "version", "date-released", "license", "keywords"}
    assert required <= {*citation} <= known
    assert citation["license"] == "Apache-2.0"
    assert str(citation["date-released"]).count("-") == 2


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_are_well_formed(path: Path) -> None:
    form = load(path)
    assert {"name", "description", "body"} <= {*form}
    ids = [part["id"] for part in form["body"]]
    assert len({*ids}) == len(ids)
    for part in form["body"]:
        assert part["type"] in ("textarea", "input", "dropdown")
        assert part["attributes"]["label"]
        assert (part["type"] == "dropdown") == ("options" in part["attributes"])


def test_a_wrong_result_is_reported_with_what_a_maintainer_needs() -> None:
    form = load(ROOT / ".github/ISSUE_TEMPLATE/wrong-result.yml")
    required = {part["id"] for part in form["body"] if part.get("validations", {}).get("required")}
    assert {"command", "verdict", "model", "file", "version"} <= required


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_name_commands_that_exist(path: Path) -> None:
    for command in re.findall(r"`(unnoise [^`]*)`", path.read_text(encoding="utf-8")):
        verb = shlex.split(command)[1]
        assert verb in (*VERBS, "--version"), command


@pytest.mark.parametrize(
    "path", [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))], ids=str
)
def test_links_between_pages_lead_to_files_and_headings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        name, _, anchor = target.partition("#")
        other = path.parent / name if name else path
        if any(other.resolve().is_relative_to(folder) for folder in MADE):
            continue
        assert other.exists(), target
        if anchor and other.suffix == ".md":
            assert anchor in anchors(other.read_text(encoding="utf-8")), target


def anchors(page: str) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    titles = re.findall(r"(?m)^#+ (.*)$", page)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles)
    return {*plain}
