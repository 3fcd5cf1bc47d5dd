"""Which inputs a source means, and that they are listed one at a time."""

import gc
from itertools import islice
from pathlib import Path

import fsspec
import pytest

from unnoise.cluster.listing import at_hand, check_apart, list_inputs, settle
from unnoise.errors import ConfigError, ImageError

NAMES = ["a.png", "s/b.TIF", "s/deep/c.npy", "s/z.zarr"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    for name in [
        *NAMES[:3],
        "no.txt",
        ".hidden.png",
        "s/t-idx1-ubyte",
        "s/z.zarr/c/0",
        "out/o.png",
    ]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def listed(source: object, out: Path = Path("/nowhere")) -> dict[str, str]:
    found = list(list_inputs(settle(str(source)), exclude=out))
    return {str(image.relative): image.name for image in found}


def test_a_folder_without_the_outputs_inside_it(folder: Path) -> None:
    found = listed(folder, folder / "out")
    assert sorted(found) == NAMES
    assert found["s/b.TIF"] == str(folder / "s" / "b.TIF")


def test_a_pattern_and_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(listed(folder / "**" / "*.[nT]*")) == ["s/b.TIF", "s/deep/c.npy"]
    monkeypatch.chdir(folder)
    assert listed("a.png") == {"a.png": str(folder / "a.png")}
    with pytest.raises(ImageError, match="is not there"):
        listed(folder / "none.png")


def test_a_list_of_paths_and_addresses(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.png").touch()
    lines = ["a.png", "", "s/../s/b.TIF", str(tmp_path / "other.png"), "s3://bucket/x/y.png"]
    (folder / "list.txt").write_text("\n".join(lines))
    assert listed(folder / "list.txt") == {
        "a.png": str(folder / "a.png"),
        "s/b.TIF": str(folder / "s" / "b.TIF"),
        str(tmp_path / "other.png").lstrip("/"): str(tmp_path / "other.png"),
        "s3/bucket/x/y.png": "s3://bucket/x/y.png",
    }


def test_addresses(tmp_path: Path) -> None:
    files = fsspec.filesystem("memory")
    for name in ("a.png", "s/b.tif", "s/.hid.png", "s/no.txt", "z.zarr/zarr.json"):
        files.pipe(f"/scans/{name}", name.encode())
    assert listed("memory://scans") == {
        "a.png": "memory:///scans/a.png",
        "s/b.tif": "memory:///scans/s/b.tif",
        "z.zarr": "memory:///scans/z.zarr",
    }
    assert list(listed("memory://scans/**/*.tif")) == ["s/b.tif"]
    assert listed("memory://scans/a.png") == {"a.png": "memory://scans/a.png"}
    with at_hand("memory:///scans/s/b.tif", tmp_path / "out") as path:
        assert path.read_bytes() == b"s/b.tif"
        assert path.name == "b.tif"
    with at_hand("memory:///scans/z.zarr", tmp_path / "out") as path:
        assert (path / "zarr.json").is_file()
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(ImageError, match="memory://none is not there"):
        listed("memory://none")
    with pytest.raises(ImageError, match="cannot read nosuch://a: Protocol not known"):
        listed("nosuch://a")


def test_an_address_of_the_web(tmp_path: Path, web: str) -> None:
    (tmp_path / "a.png").write_bytes(b"picture")
    assert listed(f"{web}/a.png?size=large") == {"a.png": f"{web}/a.png?size=large"}
    with at_hand(f"{web}/a.png?size=large", tmp_path / "out") as path:
        assert path.name == "a.png"
        assert path.read_bytes() == b"picture"


def test_nothing_grows_with_the_number_of_files(tmp_path: Path) -> None:
    for number in range(500):
        (tmp_path / f"{number}.png").touch()
    before = paths_alive()
    found = list_inputs(str(tmp_path), exclude=Path("/nowhere"))
    count = sum(1 for _ in islice(found, 490))
    assert count == 490
    assert paths_alive() - before < 20  # and the listing is in its middle


def paths_alive() -> int:
    gc.collect()
    return sum(issubclass(type(thing), Path) for thing in gc.get_objects())


def test_outputs_must_not_replace_inputs(folder: Path) -> None:
    for source in (folder, folder / "s", folder / "**" / "*.png", folder / "a.png"):
        with pytest.raises(ConfigError, match="choose another --out"):
            check_apart(settle(str(source)), folder)
        check_apart(settle(str(source)), folder / "out")
    link = folder.parent / "link"
    link.symlink_to(folder)
    with pytest.raises(ConfigError):
        check_apart(settle(str(folder)), link)
