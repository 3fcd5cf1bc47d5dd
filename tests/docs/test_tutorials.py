"""The tutorials: ten scripts that state what to expect, and assert it; ``make docs`` runs them."""

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs/tutorials"
PARTS = {
    "01": ["preset", "classic", "unet"],
    "02": ["--targets", "stain:"],
    "03": ["neighbor2neighbor", "risk", "stride"],
    "04": ["depth", "TYX"],
    "05": ["photo", "chroma_strength", "verdict"],
    "06": ["verdict", "maps", "lower", "upper", "reject"],
    "07": ["DenoisingAutoencoder", "DenoisingClassifier", "unnoise probe"],
    "08": ["photo.onnx", "/v1/denoise", ".dtmodel", ".zip"],
    "09": ["torchrun", "--engine", "ray", "manifest.jsonl"],
    "10": ["NOISES[", "MODELS["],
}
SCRIPTS = sorted(FOLDER.glob("tutorial_*.py"))
HEADER = "GALLERY_HEADER.rst"
LONGEST = 200  # lines: a page that a person reads in one go


def name_of(path: Path) -> str:
    return path.stem


@pytest.fixture(params=SCRIPTS, ids=name_of)
def script(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def asserts(path: Path) -> list[ast.Assert]:
    tree = ast.parse(path.read_text(encoding="utf-8"), path.name)
    return [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]


def is_band(node: ast.Assert) -> bool:
    """Whether an assertion has the form ``low < value < high``."""
    test = node.test
    return isinstance(test, ast.Compare) and len(test.ops) == 2


def test_there_is_one_for_each_part_in_order() -> None:
    assert [path.stem.split("_")[1] for path in SCRIPTS] == list(PARTS)
    assert (FOLDER / HEADER).read_text(encoding="utf-8").startswith("Tutorials\n=========")


def test_each_is_about_its_part(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    missing = [word for word in PARTS[script.stem.split("_")[1]] if word not in text]
    assert not missing


def test_each_compiles_and_can_be_read_in_one_go(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    compile(text, script.name, "exec")
    assert text.count("\n") < LONGEST


def test_each_states_what_to_expect_and_asserts_it(script: Path) -> None:
    says = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    title, line = says.splitlines()[:2]
    assert line == "=" * len(title)
    assert "**You will learn**" in says
    assert re.search(r"\d", says.partition("**Expected output:**")[2])
    found = asserts(script)
    assert any(map(is_band, found))
    assert all(node.msg is not None for node in found)


def test_each_has_two_sizes_and_a_figure_and_leaves_no_file(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert 'FULL = os.environ.get("UNNOISE_DOCS") == "full"' in text
    assert "plt.show()" in text
    assert "savefig" not in text
    if re.search(r"\bsubprocess|\bout=|\.save\(|imsave\(", text):
        assert "tempfile.mkdtemp()" in text


def test_nothing_else_lies_there() -> None:
    known = {HEADER, *(path.name for path in SCRIPTS)}
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == known
