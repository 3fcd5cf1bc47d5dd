from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from packing import LONG, grey, pack, pack_greys, png
from unnoise import images
from unnoise.data import Material, Plan, Preparation, Stream, choose_method, look_at, prepare
from unnoise.data.batches import ALL
from unnoise.data.stream import BLOCK, CROPS, BlockReader
from unnoise.errors import ConfigError, DataError, UnnoiseError
from unnoise.images import is_url

NOISE = "gaussian:0.1"


def plan(source: str | Path, *, noise: str | None = NOISE, **changes: Any) -> Plan:
    found, _ = look_at(source, split="train")
    settings: dict[str, Any] = {"objective": "auto", "channels": None, **changes}
    return choose_method(found, None, noise=noise, **settings)


def material(made: Plan, failures: list[str], *, share: float | None = None) -> Material:
    how = Preparation(batch_size=4, side=16, share=share, memory=1.0, seed=1)
    return prepare(made, how, failed=failures.append)


def reader(made: Material) -> BlockReader:
    assert isinstance(made.batches, Stream)
    return made.batches.reader


def drawn(made: Material, blocks: int = 30) -> tuple[set[int], list[str]]:
    """Return the colours that batches show, and what failed on the way."""
    colours: set[int] = set()
    failures: list[str] = []
    for block in range(blocks):
        crops, failed = reader(made).read(block, range(4))
        each = crops[0].reshape(-1, crops[0][0, 0].size)
        assert (each == each[:, :1]).all()
        colours |= set(each[:, 0].tolist())
        failures += failed
    return colours, failures


def shown(scenes: list[tuple[NDArray[np.generic], ...]]) -> set[int]:
    return {int(scene[0].flat[0]) for scene in scenes}


def test_batches_show_what_is_in_the_shards_and_not_what_is_held_out(tmp_path: Path) -> None:
    for i in range(6):
        pack_greys(tmp_path, f"s-{i}.tar", range(10 * i, 10 * i + 10))
    failures: list[str] = []
    made = material(plan(tmp_path / "s-{0..5}.tar"), failures)
    colours, failed = drawn(made, 60)
    held = shown(made.held_out)
    assert not failures + failed
    assert len(held) == 10  # one shard
    assert len({colour // 10 for colour in held}) == 1
    assert not colours & held
    assert colours | held == set(range(60))
    assert "5 of 6 shards are streamed, the others are held out" in made.notes[0]


@pytest.mark.parametrize("share", [None, 0.1, 0.5])
def test_of_one_shard_the_last_samples_are_held_out(tmp_path: Path, share: float | None) -> None:
    failures: list[str] = []
    path = pack_greys(tmp_path, "s.tar", range(40))
    made = material(plan(path), failures, share=share)
    colours, failed = drawn(made)
    held = shown(made.held_out)
    assert not failures + failed
    assert colours == set(range(min(held)))
    assert max(held) == 39 or share == 0.5  # of which the first ones are looked at
    assert len(colours) >= 16


def test_a_shard_of_few_samples_is_divided_or_refused(tmp_path: Path) -> None:
    made = material(plan(pack_greys(tmp_path, "four.tar", range(4))), [])
    assert drawn(made)[0] | shown(made.held_out) == set(range(4))
    with pytest.raises(DataError, match="too few samples to train on some and to validate"):
        material(plan(pack_greys(tmp_path, "two.tar", range(2))), [])


def test_two_processes_read_the_halves_of_what_one_reads(tmp_path: Path) -> None:
    for i in range(3):
        pack_greys(tmp_path, f"{i}.tar", range(10 * i, 10 * i + 10))
    read = reader(material(plan(tmp_path), [])).read
    (whole,), _ = read(7, range(4))
    (first,), _ = read(7, range(2))
    (second,), _ = read(7, range(2, 4))
    assert whole.shape == (BLOCK, 4, 16, 16, 1)
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), whole)
    assert not np.array_equal(read(8, range(4))[0][0], whole)


def test_a_resumed_stream_equals_an_undisturbed_one(tmp_path: Path) -> None:
    """Read by worker processes, from a URL, and of pairs."""
    for i in range(3):
        files = {}
        for value in range(12 * i, 12 * i + 12):
            files[f"{value}.input.png"] = grey(tmp_path, value + 100)
            files[f"{value}.target.png"] = grey(tmp_path, value)
        pack(tmp_path / f"{i}.tar", files)
    made = plan(f"file://{tmp_path}/*.tar", noise=None)
    assert made.reason == "pairs of noisy and clean images, in samples of tar shards"
    one, other = (material(made, []) for _ in range(2))
    assert isinstance(one.batches, Stream)
    assert isinstance(other.batches, Stream)
    try:
        batches = [one.batches.at(step) for step in range(BLOCK + 3)]
        for noisy, clean in batches:
            np.testing.assert_allclose((noisy - clean).numpy() * 255, 100, rtol=1e-5)
        for samples in (ALL, slice(2, 4)):
            resumed = other.batches.at(BLOCK + 2, samples)
            for view, expected in zip(resumed, batches[-1], strict=True):
                np.testing.assert_array_equal(view, expected[samples])
    finally:
        one.batches.close()
        other.batches.close()


def test_what_cannot_be_used_is_told_and_replaced(tmp_path: Path) -> None:
    files = {f"{value}.png": grey(tmp_path, value) for value in range(20)}
    files["3.png"] = files["3.png"][:-20]
    files["5.png"] = grey(tmp_path, 5, dtype="uint16")
    files["7.png"] = png(tmp_path, np.full((24, 24, 3), 7, np.uint8))
    files["9.png"] = png(tmp_path, np.full((24, 24, 2), 9, np.uint8))
    pack(tmp_path / "s.tar", files)
    colours, failures = drawn(material(plan(tmp_path / "s.tar"), []))
    assert not colours & {3, 5, 7}
    told = "\n".join(dict.fromkeys(failures))
    assert "3.png in" in told
    assert "5.png in" in told
    assert "is uint16, and the first sample was uint8" in told
    assert "7.png in" in told
    assert "has 3 channels, and the first sample had 1: pass --channels 1" in told
    assert "unnoise-" not in told.replace(str(tmp_path), "")  # no name of a temporary file
    colours, failures = drawn(material(plan(tmp_path / "s.tar", channels=1), []))
    assert 7 in colours
    assert not any("7.png" in failure for failure in failures)


def test_halves_of_pairs_and_pairs_of_two_sizes_are_left_out(tmp_path: Path) -> None:
    files = {}
    for value in range(20):
        files[f"{value}.noisy.png"] = grey(tmp_path, value)
        files[f"{value}.clean.png"] = grey(tmp_path, value, side=20 if value == 5 else 24)
    del files["0.clean.png"], files["3.clean.png"]
    pack(tmp_path / "s.tar", files)
    colours, failures = drawn(material(plan(tmp_path / "s.tar", noise=None), []))
    assert not colours & {0, 3, 5}
    told = "\n".join(failures)
    assert "sample 0 in" in told
    assert "sample 3 in" in told
    assert "lacks one of .noisy.* and .clean.*" in told
    assert "of sample 5 in" in told
    assert "24 × 24 and 20 × 20" in told


def test_long_names_are_names(tmp_path: Path) -> None:
    files = {}
    for value in range(20):
        files[f"{LONG}{value}.noisy.png"] = grey(tmp_path, value)
        files[f"{LONG}{value}.clean.png"] = grey(tmp_path, value)
    pack(tmp_path / "s.tar", files)
    failures: list[str] = []
    made = material(plan(tmp_path / "s.tar", noise=None), failures)
    colours, failed = drawn(made)
    assert not failures + failed
    assert len(colours) >= 15


def test_images_smaller_than_a_crop_are_mirrored_and_that_is_said(tmp_path: Path) -> None:
    pack(tmp_path / "s.tar", {f"{i}.png": grey(tmp_path, i, side=10) for i in range(20)})
    made = material(plan(tmp_path / "s.tar"), [])
    assert len(drawn(made)[0]) > 10
    assert "images have sides of 10 pixels, less than --patch" in made.notes[1]


def test_a_shard_of_one_sample_is_shown_again(tmp_path: Path) -> None:
    for i in range(2):
        pack_greys(tmp_path, f"{i}.tar", range(i, i + 1))
    made = material(plan(tmp_path), [])
    assert drawn(made, 2)[0] | shown(made.held_out) == {0, 1}
    assert BLOCK // CROPS > 1


def test_a_shard_that_is_gone_is_replaced_until_none_is_left(tmp_path: Path) -> None:
    for i in range(4):
        pack_greys(tmp_path, f"{i}.tar", range(10 * i, 10 * i + 10))
    made = material(plan(tmp_path), [])
    trained = sorted({colour // 10 for colour in drawn(made)[0]})
    (tmp_path / f"{trained[0]}.tar").unlink()
    colours, failures = drawn(made)
    assert {colour // 10 for colour in colours} == set(trained[1:])
    assert all(f"{trained[0]}.tar" in failure for failure in failures)
    for i in trained[1:]:
        (tmp_path / f"{i}.tar").write_bytes(b"")
    with pytest.raises(DataError, match="no shard can be read any more; the last"):
        drawn(made)


def test_the_note_changes_with_the_shards(tmp_path: Path) -> None:
    for i in range(3):
        pack_greys(tmp_path, f"{i}.tar", range(10))
    first = plan(tmp_path)
    assert first.count == pytest.approx(30, abs=15)
    assert plan(tmp_path).note == first.note
    with (tmp_path / "1.tar").open("ab") as file:
        file.write(bytes(1))
    changed = plan(tmp_path)
    assert changed.count == first.count
    assert changed.note != first.note
    (tmp_path / "2.tar").rename(tmp_path / "3.tar")
    assert plan(tmp_path).note != changed.note


def test_only_the_first_shard_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def read_bytes(place: str, start: int, stop: int) -> bytes:
        opened.append(place)
        return images.read_bytes(place, start, stop)

    monkeypatch.setattr("unnoise.shards.tar.read_bytes", read_bytes)
    for i in range(3):
        pack_greys(tmp_path, f"{i}.tar", range(10))
    made = plan(f"file://{tmp_path}/{{0..2}}.tar")
    assert set(opened) == {f"file://{tmp_path}/0.tar"}
    assert len(made.views[0]) == 3
    assert made.count > 3


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x.tar", "there is no file or folder .*x.tar$"),
        ("x-*.tar", "is not there:.*name a .tar file"),
        ("x-{0..3}.tar", "4 of the 4 shards of .* are not there:\n  .*x-0.tar\n"),
        ("x.tar.gz", "compressed as a whole"),
        ("memory://empty/", "no shards at memory://empty/"),
        ("memory://empty/a.png", "pack image files into shards"),
        ("memory://empty/a.tar", "cannot read memory://empty/a.tar"),
        ("nosuch://empty/a.tar", "cannot read nosuch://empty/a.tar"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "x.tar.gz").touch()
    with pytest.raises(UnnoiseError, match=f"(?s){message}"):
        plan(source if is_url(source) else tmp_path / source)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "no sample in it: a shard is a plain .tar"),
        (["0.json", "1.txt"], "none of the first 2 samples"),
        (["0.jpg", "0.seg.png"], "several images, .jpg, .seg.png: leave one"),
        (["a_noisy.png", "a_gt.png"], "look like a pair: name them.*x.noisy.png"),
    ],
)
def test_shards_that_cannot_be_meant_are_refused(
    tmp_path: Path, names: list[str], message: str
) -> None:
    pack(tmp_path / "s.tar", {name: grey(tmp_path, 0) for name in names})
    with pytest.raises(DataError, match=message):
        plan(tmp_path / "s.tar")


def test_methods_that_need_more_than_samples_are_refused(tmp_path: Path) -> None:
    pack_greys(tmp_path, "s.tar", range(10))
    singles, _ = look_at(tmp_path, split="train")
    given: dict[str, Any] = {"noise": None, "objective": "auto", "channels": None}
    with pytest.raises(ConfigError, match=r"--targets does not go with tar shards: put both"):
        choose_method(singles, singles, **given)
    with pytest.raises(ConfigError, match="noise2noise does not fit"):
        choose_method(singles, None, **{**given, "objective": "noise2noise"})
    assert choose_method(singles, None, **given).objective == "neighbor2neighbor"
    pack(tmp_path / "s.tar", {f"0.{side}.png": grey(tmp_path, 0) for side in ("lq", "hq")})
    pairs, _ = look_at(tmp_path, split="train")
    with pytest.raises(ConfigError, match="bring their own noise"):
        choose_method(pairs, None, **{**given, "noise": NOISE})
    with pytest.raises(DataError, match="for training only: unpack"):
        pairs.parts[0].read()
