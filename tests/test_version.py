"""One place states the version, ``unnoise/__init__.py``; all others read it or agree with it."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import unnoise
from unnoise.runs import ModelInfo
from unnoise.server.app import make_app
from unnoise.server.settings import ServerSettings

ROOT = Path(__file__).parents[1]
VERSION = unnoise.__version__
TAKEN_BY_HATCH = r'(?m)^__version__ *= *(["\'])v?(?P<version>.+?)\1'  # its default pattern


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_package_metadata_read_the_version_of_the_source() -> None:
    settings = project()
    assert "version" not in settings["project"]
    assert settings["project"]["dynamic"] == ["version"]
    source = ROOT / settings["tool"]["hatch"]["version"]["path"]
    found = re.search(TAKEN_BY_HATCH, source.read_text(encoding="utf-8"))
    assert found
    assert found["version"] == VERSION


def test_no_other_file_of_the_package_states_the_version() -> None:
    package = Path(str(files(unnoise)))
    stating = [path for path in package.rglob("*.py") if f'"{VERSION}"' in path.read_text("utf-8")]
    assert stating == [package / "__init__.py"]
    assert VERSION not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_model_files_and_the_server_state_it() -> None:
    info = ModelInfo(model="", arguments={}, channels=1, noise="", objective="", data="", seed=0)
    assert info.unnoise == VERSION
    assert make_app([], ServerSettings()).version == VERSION


def test_the_citation_and_the_changelog_agree() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {VERSION}\n" in citation
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"(?m)^## (\d\S*) \((\S+)\)$", changelog)
    assert released[0][0] == VERSION
    assert f"\ndate-released: {released[0][1]}\n" in citation


def test_the_maturity_fits_the_version() -> None:
    stable = "Development Status :: 5 - Production/Stable" in project()["project"]["classifiers"]
    assert stable == (int(VERSION.split(".")[0]) >= 1)
