"""Which parts of held-out images a person is shown."""

from pathlib import Path

import numpy as np

from unnoise.data import Material, Preparation, choose_method, look_at, prepare
from unnoise.images import write_stack


def prepared(folder: Path, *, noise: str | None = "gaussian:0.1", memory: float = 1) -> Material:
    survey = look_at(folder, split="train")[0]
    plan = choose_method(survey, None, noise=noise, objective="auto", channels=None)
    failures: list[str] = []
    how = Preparation(batch_size=1, side=16, stride=2, memory=memory, seed=0)
    made = prepare(plan, how, failed=failures.append)
    assert failures == []
    return made


def test_held_out_rows_with_structure_are_shown(tmp_path: Path) -> None:
    image = np.zeros((800, 400), np.uint8)
    image[:300] = np.indices((300, 400)).sum(0) // 8 % 2 * 255  # training sees it
    image[730:, 350:] = np.indices((70, 50)).sum(0) // 8 % 2 * 200  # of the last tenth
    write_stack(tmp_path / "a.png", image[..., None])
    (view,) = prepared(tmp_path).examples
    np.testing.assert_array_equal(view, image[None, 720:, 160:, None])
    (view,) = prepared(tmp_path, noise=None).examples  # seen at a stride, shown as it is
    np.testing.assert_array_equal(view, image[None, 720:, 160:, None])


def test_whole_images_are_shown_where_strips_are_too_low(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (200, 300, 1)).astype(np.uint8)
    write_stack(tmp_path / "a.png", image)
    (view,) = prepared(tmp_path).examples
    assert view.shape == (1, 200, 256, 1)


def test_the_most_structured_of_many_held_out_images_are_shown(tmp_path: Path) -> None:
    for i in range(60):
        image = np.zeros((70, 80, 1), np.uint8)
        image[20:50, 20:50] = i
        write_stack(tmp_path / f"{i:02}.png", image)
    made = prepared(tmp_path)
    held = sorted(int(scene[0].max()) for scene in made.held_out)
    shown = [int(image.max()) for image in made.examples[0]]
    assert shown == held[:-6:-1]


def test_streamed_images_are_shown_too(tmp_path: Path) -> None:
    for i in range(8):
        write_stack(tmp_path / f"{i}.png", np.full((90, 120, 1), i, np.uint8))
    made = prepared(tmp_path, memory=0)
    assert made.examples[0].shape[1:] == (90, 120, 1)
