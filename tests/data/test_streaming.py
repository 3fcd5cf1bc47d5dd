"""What is larger than memory in one file: a stack, or one image of which windows are read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from numpy.typing import NDArray

from unnoise.data import Material, Plan, Preparation, Stream, choose_method, look_at, prepare
from unnoise.images import ReadOptions

Array = NDArray[np.generic]
SIDE = 16


def plan(source: str | Path, *, axes: str | None = None, max_pixels: int = 2**30) -> Plan:
    found, _ = look_at(source, split="train", read=ReadOptions(axes=axes, max_pixels=max_pixels))
    return choose_method(found, None, noise="gaussian:0.1", objective="auto", channels=None)


def material(made: Plan, *, share: float | None = None) -> Material:
    how = Preparation(batch_size=4, side=SIDE, share=share, memory=1e-9, seed=1)
    return prepare(made, how, failed=pytest.fail)


def drawn(made: Material, blocks: int = 20) -> list[Array]:
    assert isinstance(made.batches, Stream)
    return [made.batches.reader.read(block, range(4))[0][0] for block in range(blocks)]


def colours(images: list[Array]) -> set[int]:
    return {int(value) for image in images for value in np.unique(image)}


def write_npy(path: Path, array: Array) -> str:
    np.save(path.with_suffix(".npy"), array)
    return str(path.with_suffix(".npy"))


def write_zarr(path: Path, array: Array) -> str:
    chunks = tuple(min(length, 500) for length in array.shape)
    stored: Any = zarr.create_array(path, shape=array.shape, dtype=array.dtype, chunks=chunks)
    stored[...] = array
    return f"file://{path}"


@pytest.fixture(params=[write_npy, write_zarr])
def write(request: pytest.FixtureRequest) -> Callable[[Path, Array], str]:
    written: Callable[[Path, Array], str] = request.param
    return written


def test_of_a_stack_the_last_images_are_held_out(
    tmp_path: Path, write: Callable[[Path, Array], str]
) -> None:
    stack = np.repeat(np.arange(20, dtype=np.uint8), 40 * 50).reshape(20, 40, 50)
    made = material(plan(write(tmp_path / "a.zarr", stack), axes="NYX"))
    assert colours(drawn(made)) == set(range(16))
    assert colours([scene[0] for scene in made.held_out]) == set(range(16, 20))
    assert "its last 4 images are held out" in made.notes[0]


@pytest.mark.parametrize("shape", [(3000, 2100), (90, 300)])
def test_of_one_image_the_last_rows_are_held_out(
    tmp_path: Path, write: Callable[[Path, Array], str], shape: tuple[int, int]
) -> None:
    image = np.zeros(shape, np.uint8)
    strip = max(shape[0] // 10, 16)
    image[-strip:] = 200
    made = material(plan(write(tmp_path / "a.zarr", image)), share=0.1)
    assert colours(drawn(made)) == {0}
    assert colours([scene[0] for scene in made.held_out]) == {200}
    assert f"its last {strip} rows are held out" in made.notes[0]


def test_crops_of_a_large_image_are_those_of_the_image(
    tmp_path: Path, write: Callable[[Path, Array], str]
) -> None:
    """Rows and columns are told by their colours, so that a crop in a wrong place shows."""
    rows, columns = np.mgrid[:2500, :2000]
    image = np.stack([rows, columns, rows + columns], axis=-1).astype(np.uint16)
    made = material(plan(write(tmp_path / "a.zarr", image)))
    crops = np.concatenate(drawn(made, 40)).reshape(-1, SIDE, SIDE, 3).astype(np.int64)
    np.testing.assert_array_equal(crops[..., 2], crops[..., 0] + crops[..., 1])
    steps = [abs(np.diff(crops[..., 0], axis=axis)) for axis in (1, 2)]
    assert all(set(np.unique(step)) <= {0, 1} for step in steps)
    # They come from all over the image, but for what is held out.
    assert crops[..., 0].min() < 100
    assert 2000 < crops[..., 0].max() < 2500 - 250
    assert crops[..., 1].min() < 100
    assert crops[..., 1].max() > 1900


def test_of_a_huge_image_few_chunks_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten gigapixels, of which no chunk was ever written, so each reads as zeros."""
    path = tmp_path / "huge.zarr"
    shape = (100_000, 100_000)
    stored: Any = zarr.create_array(path, shape=shape, dtype="uint16", chunks=(256, 256))
    stored[:256, :256] = 1000
    got: list[str] = []
    get = zarr.storage.LocalStore.get

    async def counted(store: Any, key: str, *others: Any, **named: Any) -> Any:
        if "/" in key:
            got.append(key)
        return await get(store, key, *others, **named)

    monkeypatch.setattr(zarr.storage.LocalStore, "get", counted)
    made = material(plan(path, max_pixels=0))
    # Of 16 windows each to train on and to hold out: 5 × 5 chunks of 256 at most.
    assert len(got) <= 2 * 16 * 25
    got.clear()
    blocks = 5
    drawn(made, blocks)
    scenes = blocks * 4 * 2
    assert 0 < len(got) <= scenes * 4  # 64 × 64 pixels touch 4 chunks at most
    assert isinstance(made.batches, Stream)
    assert made.batches.reader.scenes.pixels > 9.8e9


def test_noisy_and_clean_windows_are_of_one_place(tmp_path: Path) -> None:
    clean = np.arange(2500 * 2000, dtype=np.uint32).reshape(2500, 2000) % 60_000
    for name, image in (("noisy", clean + 5), ("clean", clean)):
        write_zarr(tmp_path / f"{name}.zarr", image.astype(np.uint16))
    noisy, targets = (
        look_at(f"file://{tmp_path}/{name}.zarr", split="train")[0] for name in ("noisy", "clean")
    )
    given: dict[str, Any] = {"noise": None, "objective": "auto", "channels": None}
    made = material(choose_method(noisy, targets, **given))
    assert isinstance(made.batches, Stream)
    (first, second), _ = made.batches.reader.read(0, range(4))
    np.testing.assert_array_equal(first, second + 5)
    for scene in made.held_out:
        np.testing.assert_array_equal(scene[0], scene[1] + 5)
