"""Shards are found by a file, a folder, a pattern, braces or a URL."""

from pathlib import Path

import pytest

from packing import pack
from unnoise.errors import DataError
from unnoise.images import is_url
from unnoise.shards.lists import expand, find_shards


def test_braces_count_and_list() -> None:
    assert expand("a-{08..11}.tar") == ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"]
    assert expand("{a,b}/{0..1}.tar") == ["a/0.tar", "a/1.tar", "b/0.tar", "b/1.tar"]
    assert expand("plain.tar") == ["plain.tar"]
    for text in ("{0..1000000}.tar", "{0..999}{0..999}{0..999}.tar"):
        with pytest.raises(DataError, match="more than 1,000,000 shards"):
            expand(text)


def test_shards_are_found_by_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x").mkdir()
    for name in ("t-0", "t-1", "t-2", "[odd]"):
        pack(Path(f"x/{name}.tar"), {"0.png": b"0"})

    def names(source: str) -> list[str]:
        return [Path(shard.place).stem for shard in find_shards(source)]

    assert names("x") == ["[odd]", "t-0", "t-1", "t-2"]
    assert names("x/t-*.tar") == ["t-0", "t-1", "t-2"]
    assert names("x/t-{0..1}.tar") == ["t-0", "t-1"]
    assert names("x/[odd].tar") == ["[odd]"]
    assert names(f"file://{tmp_path}/x/") == ["[odd]", "t-0", "t-1", "t-2"]
    assert names(f"file://{tmp_path}/x/t-{{0,2}}.tar") == ["t-0", "t-2"]
    Path("x/a.npy").touch()
    assert names("x") == []  # a folder of images is one
    assert all(shard.size for shard in find_shards(f"file://{tmp_path}/x/t-*.tar"))
    assert not is_url("x/t-{0..1}.tar")
