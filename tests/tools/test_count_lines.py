"""The lines of each room are counted."""

from pathlib import Path

from count_lines import count


def test_rooms_are_folders_and_files_that_stand_alone(tmp_path: Path) -> None:
    (tmp_path / "room/inner").mkdir(parents=True)
    (tmp_path / "alone.py").write_text("a = 1\n")
    (tmp_path / "room/one.py").write_text("a = 1\n\nb = 2\n")
    (tmp_path / "room/inner/two.py").write_text("a = 1\n")
    (tmp_path / "room/page.html").write_text("<p>\n")
    assert count(tmp_path) == {"alone.py": 1, "room": 4}
