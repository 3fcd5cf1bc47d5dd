from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from unnoise.data import Plan, choose_method, look_at
from unnoise.errors import ConfigError, DataError
from unnoise.images import write_stack


def write(folder: Path, *names: str, shape: tuple[int, ...] = (16, 20)) -> None:
    for name in names:
        write_stack(folder / name, np.zeros(shape, np.uint8))


def plan(
    images: Path,
    targets: Path | None = None,
    *,
    noise: str | None = None,
    objective: str = "auto",
    channels: int | None = None,
) -> Plan:
    first, _ = look_at(images, split="train")
    second = None if targets is None else look_at(targets, split="train")[0]
    return choose_method(first, second, noise=noise, objective=objective, channels=channels)


def names(made: Plan) -> list[list[str]]:
    return [[part.name for part in view] for view in made.views]


def test_what_was_given_decides(tmp_path: Path) -> None:
    write(tmp_path / "noisy", "a.png", "b.png")
    write(tmp_path / "clean", "b.tif", "a.tif")
    pairs = plan(tmp_path / "noisy", tmp_path / "clean")
    assert pairs.objective == "supervised"
    assert names(pairs) == [["a.png", "b.png"], ["a.tif", "b.tif"]]
    assert "2 pairs" in pairs.reason
    clean = plan(tmp_path / "clean", noise="gaussian:0.1")
    assert (clean.objective, clean.noise) == ("supervised", "gaussian:0.1")
    alone = plan(tmp_path / "noisy")
    assert (alone.objective, alone.noise, len(alone.views)) == ("neighbor2neighbor", None, 1)
    assert "only noisy images" in alone.reason
    assert plan(tmp_path / "noisy", objective="noise2void").objective == "noise2void"
    both = plan(tmp_path)  # noisy/ and clean/ in one folder
    assert both.objective == "supervised"
    assert names(both) == [["noisy/a.png", "noisy/b.png"], ["clean/a.tif", "clean/b.tif"]]


def test_captures_are_found_and_hinted_at(tmp_path: Path) -> None:
    write(tmp_path, "X_1.png", "X_2.png", "Y_1.png", "Y_2.png", "Y_3.png")
    captures = plan(tmp_path, objective="noise2noise")
    assert captures.scenes == ((0, 1), (2, 3, 4))
    assert not plan(tmp_path).hint
    write(tmp_path, "X_3.png")
    hinted = plan(tmp_path)
    assert hinted.objective == "neighbor2neighbor"
    assert "2 scenes of several captures" in hinted.hint


def test_captures_in_stacks_and_as_targets(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros((3, 16, 16, 1), np.uint8))
    np.save(tmp_path / "two.npy", np.zeros((2, 16, 16, 1), np.uint8))
    assert plan(tmp_path, objective="noise2noise").scenes == ((0, 1, 2), (3, 4))
    write(tmp_path / "a", "x.png", "y.png")
    write(tmp_path / "b", "x.png", "y.png")
    paired = plan(tmp_path / "a", tmp_path / "b", objective="noise2noise")
    assert paired.scenes == ((0, 2), (1, 3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": "supervised"}, "needs clean images: pass --targets"),
        ({"objective": "noise2void", "noise": "gaussian:0.1"}, "noise2void does not fit"),
        ({"objective": "noise2noise"}, "no captures of one scene"),
    ],
)
def test_what_does_not_fit_is_explained(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    write(tmp_path, "a.png", "b.png")
    with pytest.raises((ConfigError, DataError), match=message):
        plan(tmp_path, **settings)


def test_pairs_that_are_none(tmp_path: Path) -> None:
    write(tmp_path / "noisy", "a.png", "b.png")
    write(tmp_path / "clean", "a.png", "c.png")
    with pytest.raises(DataError, match=r"no partner:\n  b.png\n  c.png"):
        plan(tmp_path / "noisy", tmp_path / "clean")
    with pytest.raises(DataError, match=r"a.png is among the noisy images and among the targets"):
        plan(tmp_path / "noisy", tmp_path / "noisy")
    with pytest.raises(ConfigError, match="noise2void does not fit: --targets gives pairs"):
        plan(tmp_path / "noisy", tmp_path / "clean", objective="noise2void")
    (tmp_path / "clean/c.png").rename(tmp_path / "clean/b.png")
    write(tmp_path / "clean", "b.png", shape=(16, 21))
    with pytest.raises(DataError, match=r"b.png and b.png belong together .* 16 × 20 .* 16 × 21"):
        plan(tmp_path / "noisy", tmp_path / "clean")


def test_images_of_several_kinds_are_refused_or_converted(tmp_path: Path) -> None:
    write(tmp_path, "a.png", "b.png")
    write(tmp_path, "colour.png", shape=(16, 20, 3))
    assert plan(tmp_path).hint == "there are grey and colour images: all are trained on in colour"
    for channels in (1, 3, None):
        (view,) = plan(tmp_path, channels=channels).views
        channels = channels or 3
        assert {part.channels for part in view} == {channels}
        assert {part.read().shape for part in view} == {(1, 16, 20, channels)}
    tifffile.imwrite(
        tmp_path / "two.tif", np.zeros((2, 16, 20), np.uint8), imagej=True, metadata={"axes": "CYX"}
    )
    with pytest.raises(DataError, match=r"2 of .* a.png; .* 1 of .* two.tif: pass --channels 1"):
        plan(tmp_path)
    (tmp_path / "two.tif").unlink()
    write_stack(tmp_path / "colour.png", np.zeros((16, 20), np.uint16))
    with pytest.raises(DataError, match="train on those of one kind"):
        plan(tmp_path)


def test_pairs_bring_their_own_noise(tmp_path: Path) -> None:
    write(tmp_path / "raw", "a.png", "b.png")
    write(tmp_path / "gt", "a.png", "b.png")
    np.savez(tmp_path / "p.npz", noisy=np.zeros((16, 20)), clean=np.ones((16, 20)))
    for source in (tmp_path, tmp_path / "p.npz"):
        with pytest.raises((ConfigError, DataError), match=r"pairs"):
            plan(source, noise="gaussian:0.1")
    (tmp_path / "p.npz").rename(tmp_path / "raw.npz")
    with pytest.raises(ConfigError, match="bring their own noise: leave --noise out"):
        plan(tmp_path / "raw.npz", noise="gaussian:0.1")
    (tmp_path / "raw.npz").unlink()
    with pytest.raises(ConfigError, match="bring their own noise: leave --noise out"):
        plan(tmp_path, noise="gaussian:0.1")
    assert plan(tmp_path / "gt", noise="gaussian:0.1").count == 2
    assert plan(tmp_path, noise="gaussian:0.1", objective="supervised").count == 4


def test_noise_beside_targets_makes_the_noisy_ones_noisier(tmp_path: Path) -> None:
    write(tmp_path / "raw", "a.png", "b.png")
    write(tmp_path / "gt", "a.png", "b.png")
    chosen = plan(tmp_path / "raw", tmp_path / "gt", noise="stain:0.3")
    assert (chosen.objective, chosen.noise, len(chosen.views)) == ("supervised", "stain:0.3", 2)
    assert "--noise stain:0.3 is added to the noisy ones" in chosen.reason
    with pytest.raises(ConfigError, match="noise2noise has none"):
        plan(tmp_path / "raw", tmp_path / "gt", noise="stain:0.3", objective="noise2noise")


def test_archives_of_pairs_name_their_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", noisy=np.zeros((16, 20)), clean=np.ones((16, 20)))
    made = plan(tmp_path / "p.npz")
    assert made.objective == "supervised"
    assert "such as noisy and clean" in made.reason
    assert [float(view[0].read().mean()) for view in made.views] == [0, 1]
    assert "stay unchanged" not in made.hint


def test_a_file_beside_folders_of_pairs_does_not_make_them_noisy(tmp_path: Path) -> None:
    write(tmp_path, "raw/a.png", "raw/b.png", "gt/a.png", "gt/b.png", "preview.png")
    with pytest.raises(DataError, match=r"preview\.png is in neither"):
        plan(tmp_path)
    assert plan(tmp_path, objective="neighbor2neighbor").count == 5
