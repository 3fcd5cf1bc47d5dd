"""The arrows between the rooms: imports go left only, and rooms in one cell do not meet.

Inside a room, imports make no circle. An import counts wherever it stands: at the top of a file, in
a function, or for types alone. A name of the facade counts as an import of the room behind it.
"""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import unnoise
from unnoise.pretrained import PRETRAINED

SOURCE = Path(unnoise.__file__).parent
CELLS = [
    {"errors", "types", "signatures"},
    {
        "outputs",
        "locking",
        "seeding",
        "metrics",
        "pretrained",
        "sizes",
        "spawning",
        "memory",
        "devices",
    },
    {"facts"},
    {"images", "models"},
    {"noise", "datasets", "shards"},
    {"runs"},
    {"objectives"},  # are built from the settings of a run
    {"data"},  # chooses the objective that the images allow
    {"training", "denoiser"},
    {"assemble"},
    {"trust", "evaluation", "features", "report", "exporters"},
    {"api"},
    {"server", "cluster", "napari_plugin"},
    {"cli"},
]
PLACE = {room: place for place, cell in enumerate(CELLS) for room in cell}
FILES = [
    path
    for path in sorted(SOURCE.rglob("*.py"))
    if path not in (SOURCE / "__init__.py", SOURCE / "__main__.py")
]


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}
FACADE = {
    f"unnoise.{alias.name}": node.module
    for node in ast.walk(ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8")))
    if isinstance(node, ast.ImportFrom) and node.module
    for alias in node.names
}


def module_behind(name: str) -> str | None:
    """Return the module that a dotted name such as ``unnoise.errors.ConfigError`` stands for."""
    while name and name not in MODULES:
        if name in FACADE:
            return FACADE[name]
        name = name.rpartition(".")[0]
    return name or None


def imported(source: str) -> set[str]:
    """Return the modules of the package that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):
            names.add(ast.unparse(node))  # of ``import unnoise``, which may be called otherwise
    return {module for name in names if (module := module_behind(name))}


def imported_rooms(path: Path) -> set[str]:
    return {module.split(".")[1] for module in imported(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_left_only(path: Path) -> None:
    room = room_of(path)
    assert room in PLACE, f"{room} is in no cell"
    wrong = {other for other in imported_rooms(path) - {room} if PLACE[other] >= PLACE[room]}
    assert not wrong, f"{room} imports {wrong}, which stand right of it or beside it"


@pytest.mark.parametrize("room", sorted(PLACE))
def test_no_circle_inside_a_room(room: str) -> None:
    inside = {module: path for module, path in MODULES.items() if room_of(path) == room}
    graph = {
        module: (imported(path.read_text(encoding="utf-8")) & inside.keys()) - {module}
        for module, path in inside.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_the_check_sees_imports_inside_functions_and_names_of_the_facade() -> None:
    assert "api" in imported_rooms(SOURCE / "cli" / "train.py")
    for source in (
        "def f():\n    from unnoise.denoiser import Denoiser",
        "if TYPE_CHECKING:\n    from unnoise import Denoiser",
        "from unnoise import denoiser",
        "import unnoise.denoiser",
        "import unnoise\nunnoise.Denoiser.load",
    ):
        assert imported(source) == {"unnoise.denoiser"}, source
    assert imported("from unnoise import __version__, train") == {"unnoise.api.training"}


DENOISE = """
import sys, warnings
import numpy as np
import unnoise
from unnoise.cli import main
warnings.simplefilter("ignore")
image = np.random.default_rng(0).random((32, 32), np.float32)
unnoise.load(sys.argv[1])(image)
np.save(sys.argv[2], image)
try:
    main(["denoise", sys.argv[2], "--model", sys.argv[1], "--quiet"])
except SystemExit as stop:
    assert not stop.code, stop.code
print([name for name in sys.modules if name.startswith(("unnoise.training", "unnoise.assemble"))])
print("torch" in sys.modules)
"""


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx"])
def test_denoising_imports_nothing_of_training(suffix: str, tmp_path: Path) -> None:
    model = PRETRAINED["photo"].with_suffix(suffix)
    command = [sys.executable, "-c", DENOISE, str(model), str(tmp_path / "noisy.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]", str(suffix == ".safetensors")]
