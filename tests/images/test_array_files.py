import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from unnoise.errors import ImageError
from unnoise.images import read_idx, write_idx
from unnoise.images.array_files import parse_idx

KINDS = ["u1", "i1", "i2", "i4", "f4", "f8"]


@pytest.mark.parametrize("name", ["a.idx", "a-ubyte", "a.idx.gz", "a-ubyte.gz"])
@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(tmp_path: Path, name: str, kind: str) -> None:
    array = np.arange(24, dtype=kind).reshape(2, 3, 4)
    write_idx(tmp_path / name, array)
    back = read_idx(tmp_path / name)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    assert ((tmp_path / name).read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")


@given(st.binary(max_size=64) | st.binary(max_size=20).map(lambda tail: b"\0\0\x08\x01" + tail))
def test_any_bytes_parse_or_are_explained(data: bytes) -> None:
    try:
        array = parse_idx(data, name="x")
    except ImageError:
        return
    assert 4 + 4 * array.ndim + array.nbytes == len(data)


@given(arrays.arrays("u1", arrays.array_shapes(max_dims=4, max_side=5)), st.data())
def test_truncated_files_are_refused(array: np.ndarray, data: st.DataObject) -> None:
    from struct import pack

    whole = pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
    np.testing.assert_array_equal(parse_idx(whole, name="x"), array)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ImageError):
        parse_idx(whole[:cut], name="x")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "begins with nothing"),
        (b"PK\x03\x04rest", "is not an IDX file"),
        (b"\0\0\x08\x03\0\0", "ends inside its IDX header"),
        (b"\0\0\x08\x01\0\0\0\x05abc", "the file is damaged"),
        (b"\0\0\x08\x01\0\0\0\x02abc", "the file is damaged"),
        (b"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "the file is damaged"),
    ],
)
def test_damage_is_explained(data: bytes, says: str) -> None:
    with pytest.raises(ImageError, match=says):
        parse_idx(data, name="x")


def test_truncated_gzip_and_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "x.idx.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x02ab")[:-6])
    with pytest.raises(ImageError, match="cannot read"):
        read_idx(path)
    with pytest.raises(ImageError, match="No such file"):
        read_idx(tmp_path / "nothing")
