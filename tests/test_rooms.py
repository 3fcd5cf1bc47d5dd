"""The arrows between the rooms: imports go left only, and rooms in one cell do not meet."""

import ast
from pathlib import Path

import pytest

import unnoise

SOURCE = Path(unnoise.__file__).parent
CELLS = [
    {"errors", "types"},
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
    {"objectives"},
    {"data"},
    {"training", "denoiser"},
    {"assemble"},
    {"trust", "evaluation", "features", "report", "exporters"},
    {"api"},
    {"server", "cluster"},
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


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            names = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
            rooms |= set(names) if parts[0] == "unnoise" else set()
        elif isinstance(node, ast.Import):
            rooms |= {
                alias.name.split(".")[1]
                for alias in node.names
                if alias.name.startswith("unnoise.")
            }
    return rooms & PLACE.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_left_only(path: Path) -> None:
    room = room_of(path)
    assert room in PLACE, f"{room} is in no cell"
    wrong = {other for other in imported_rooms(path) - {room} if PLACE[other] >= PLACE[room]}
    assert not wrong, f"{room} imports {wrong}, which stand right of it or beside it"


def test_the_check_sees_imports_inside_functions() -> None:
    assert "api" in imported_rooms(SOURCE / "cli" / "train.py")
