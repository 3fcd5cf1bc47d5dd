import io
import tarfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from packing import LONG, pack
from unnoise.shards.tar import BLOCK, Tape, first_start, members, samples

FORMS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def tape(path: Path, ahead: int = 1000) -> Tape:
    return Tape(str(path), path.stat().st_size, ahead)


def no_damage(failure: str) -> None:
    raise AssertionError(failure)


def contents(form: int) -> dict[str, bytes]:
    stems = ["a", "b/c.d", *(["é" * 20, LONG] if form != tarfile.USTAR_FORMAT else [])]
    random = np.random.default_rng(0)
    return {
        f"{stem}{i}.{suffix}": random.bytes(int(random.integers(0, 3000)))
        for i in range(4)
        for stem in stems
        for suffix in ("png", "json")
    }


@pytest.mark.parametrize("form", FORMS)
def test_every_place_leads_to_the_next_member(tmp_path: Path, form: int) -> None:
    files = contents(form)
    pack(tmp_path / "a.tar", files, form=form)
    band = tape(tmp_path / "a.tar")
    whole = list(members(band, 0, no_damage))
    assert [member.name for member in whole] == list(files)
    assert [band.read(each.start, each.size) for each in whole] == list(files.values())
    starts = [each.start for each in whole]
    for place in range(0, band.size, BLOCK):
        found = list(members(band, place, no_damage))
        # Beside the last header, there is none behind a place that is none before a member.
        assert [each.start for each in found] == [s for s in starts if s >= place + BLOCK]
        assert found[1:] == whole[len(whole) - len(found) + 1 :]


def test_a_size_may_stand_in_a_header_before(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        for i in range(3):
            member = tarfile.TarInfo(f"{i}.png")
            member.size = 700
            member.pax_headers = {"size": "700"}  # the member's own header then says 0
            tar.addfile(member, io.BytesIO(bytes([i]) * 700))
    band = tape(tmp_path / "a.tar")
    found = list(members(band, 0, no_damage))
    assert [band.read(each.start, each.size) for each in found] == [
        bytes([i]) * 700 for i in range(3)
    ]


@pytest.mark.parametrize("form", FORMS)
def test_a_shard_is_cut_between_samples_only(tmp_path: Path, form: int) -> None:
    pack(tmp_path / "a.tar", contents(form), form=form)
    band = tape(tmp_path / "a.tar")
    whole = list(samples(band, 0, band.size, no_damage))
    assert all(len(sample.members) == 2 for sample in whole)
    begins = [sample.at for sample in whole]
    cuts = {first_start(band, place) for place in range(0, band.size, BLOCK)}
    assert cuts - {None} <= set(begins)
    for first, second in pairwise(begins):
        parts = [*samples(band, 0, second, no_damage), *samples(band, second, band.size, no_damage)]
        assert parts == whole
        assert first < second


def test_samples_are_keyed_as_webdataset_does(tmp_path: Path) -> None:
    names = ["./x/1.Noisy.PNG", "./x/1.clean.png", "./x/._2.png", "y.z/2.png", "README", "3.png"]
    pack(tmp_path / "a.tar", dict.fromkeys(names, b"data"))
    band = tape(tmp_path / "a.tar")
    found = [(each.key, list(each.members)) for each in samples(band, 0, band.size, no_damage)]
    assert found == [
        ("./x/1", [".noisy.png", ".clean.png"]),
        ("y.z/2", [".png"]),
        ("README", [""]),
        ("3", [".png"]),
    ]


def test_damage_is_told_once_and_the_rest_is_read(tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(6)]
    places = pack(tmp_path / "a.tar", dict.fromkeys(names, bytes(range(256)) * 5))
    data = bytearray((tmp_path / "a.tar").read_bytes())
    data[places["2.png"] + 3] ^= 1
    (tmp_path / "a.tar").write_bytes(data[: places["5.png"] + BLOCK + 100])
    failures: list[str] = []
    found = [each.name for each in members(tape(tmp_path / "a.tar"), 0, failures.append)]
    assert found == ["0.png", "1.png", "3.png", "4.png"]
    assert [f"byte {places[name]}" in failures[i] for i, name in enumerate(("2.png", "5.png"))] == [
        True,
        True,
    ]


def test_hostile_headers_end(tmp_path: Path) -> None:
    """Random changes of headers give members inside the file, and never an exception."""
    pack(tmp_path / "a.tar", contents(tarfile.PAX_FORMAT))
    whole = (tmp_path / "a.tar").read_bytes()
    random = np.random.default_rng(0)
    headers = [i for i in range(0, len(whole), BLOCK) if whole[i + 257 : i + 262] == b"ustar"]
    for _ in range(100):
        data = bytearray(whole)
        for header in random.choice(headers, 5):
            place = int(header + random.integers(600))
            data[place] = random.integers(256)
            # A sum that is right again lets the changed header through.
            block = data[header : header + BLOCK]
            block[148:156] = b" " * 8
            data[header + 148 : header + 156] = f"{sum(block):06o}\0 ".encode()
        (tmp_path / "b.tar").write_bytes(data)
        for member in members(tape(tmp_path / "b.tar"), 0, lambda _: None):
            assert 0 <= member.at < member.start <= len(data)


def test_a_tar_within_is_one_member_from_the_outside(tmp_path: Path) -> None:
    inner = {f"inner{i}.png": bytes(700) for i in range(3)}
    pack(tmp_path / "inner.tar", inner)
    files = {"0.png": b"0", "1.tar": (tmp_path / "inner.tar").read_bytes(), "2.png": b"2"}
    places = pack(tmp_path / "a.tar", files)
    band = tape(tmp_path / "a.tar")
    assert [each.name for each in members(band, 0, no_damage)] == list(files)
    # From its inside, there is nothing that tells; but its end leads to the outside again.
    inside = members(band, places["1.tar"] + 2 * BLOCK, no_damage)
    assert [each.name for each in inside] == ["inner1.png", "inner2.png", "2.png"]


def test_two_archives_in_one_file_are_one_shard(tmp_path: Path) -> None:
    pack(tmp_path / "a.tar", {"0.png": b"0"})
    pack(tmp_path / "b.tar", {"1.png": b"1"})
    both = (tmp_path / "a.tar").read_bytes() + (tmp_path / "b.tar").read_bytes()
    (tmp_path / "c.tar").write_bytes(both)
    names = [each.name for each in members(tape(tmp_path / "c.tar"), 0, no_damage)]
    assert names == ["0.png", "1.png"]
