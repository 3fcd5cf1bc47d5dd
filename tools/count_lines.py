"""Print the lines of Python of each room of the package.

python tools/count_lines.py
"""

from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src/unnoise"


def count(source: Path = SOURCE) -> Counter[str]:
    """Return the lines of each room: a folder, or a file outside any folder."""
    lines: Counter[str] = Counter()
    for path in source.rglob("*.py"):
        room = path.relative_to(source).parts[0]
        lines[room] += len(path.read_text(encoding="utf-8").splitlines())
    return lines


def main() -> None:
    found = count()
    print(", ".join(f"{room} {lines:,}" for room, lines in found.most_common()))
    print(f"{found.total():,} lines in all")


if __name__ == "__main__":
    main()
