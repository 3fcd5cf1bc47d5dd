import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unnoise.data.names import group_captures, match_pairs, pair_folders, split_pairs
from unnoise.errors import DataError

SCENES = st.lists(
    st.from_regex(r"[a-z]{1,4} ?[0-9]{1,3}", fullmatch=True), min_size=1, max_size=12, unique=True
)
NAMINGS = [
    ("{}.png", "{}.png"),
    ("{}.png", "{}.tif"),
    ("{}_noisy.png", "{}_gt.png"),
    ("noisy_{}.png", "clean_{}.png"),
    ("{}.png", "{}_clean.png"),
    ("noisy/{}.png", "clean/{}.png"),
    ("{}-LQ.jpg", "{}-HQ.jpg"),
    ("session/A_{}_x.png", "session/B_{}_y.png"),
]


@pytest.mark.parametrize(("ours", "theirs"), NAMINGS)
@given(scenes=SCENES, seed=st.integers(0, 9))
def test_pairs_are_found_in_any_order(ours: str, theirs: str, scenes: list[str], seed: int) -> None:
    shuffled = random.Random(seed).sample(scenes, len(scenes))  # noqa: S311  no secret
    noisy, clean = [ours.format(s) for s in scenes], [theirs.format(s) for s in shuffled]
    assert [(scenes[a], shuffled[b]) for a, b in match_pairs(noisy, clean)] == [
        (scene, scene) for scene in scenes
    ]


def test_what_has_no_partner_is_listed() -> None:
    listed = r"1 pairs .* 3 files have no partner:\n  b.png\n  c.png\n  d.png"
    with pytest.raises(DataError, match=listed):
        match_pairs(["a.png", "b.png"], ["a.png", "c.png", "d.png"])
    with pytest.raises(DataError, match="and 15 more"):
        match_pairs([f"x{i}.png" for i in range(25)], [])


def test_two_files_of_one_name_are_no_pair() -> None:
    with pytest.raises(DataError, match="no partner"):
        match_pairs(["a.png"], ["a.png", "a.tif"])


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["a_noisy.png", "a_gt.png", "b_gt.png", "b_noisy.png"], [(0, 1), (3, 2)]),
        (["noisy/1.png", "clean/1.png"], [(0, 1)]),
        (["a_noisy.png", "b_gt.png"], None),
        (["a_noisy.png", "a_gt.png", "c.png"], None),
        (["noisy_1.png", "noisy_2.png"], None),
        (["1.png", "2.png"], None),
        ([], None),
    ],
)
def test_pairs_in_one_folder(names: list[str], pairs: list[tuple[int, int]] | None) -> None:
    assert split_pairs(names) == pairs


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["X_1.png", "X_2.png", "Y_1.png", "Y_2.png", "Y_3.png"], [[0, 1], [2, 3, 4]]),
        (["s1/a.png", "s1/b.png", "s2/a.png", "s2/b.png"], [[0, 1], [2, 3]]),
        (["cell-a 1.tif", "cell-a 2.tif"], [[0, 1]]),
        (["1.png", "2.png"], None),
        (["X_1.png", "X_2.png", "Y_1.png"], None),
        (["a.png", "b.png"], None),
    ],
)
def test_captures(names: list[str], groups: list[list[int]] | None) -> None:
    assert group_captures(names) == groups


@pytest.mark.parametrize(
    ("noisy", "clean"),
    [
        ("raw", "gt"),
        ("low", "high"),
        ("Input", "Target"),
        ("train/noisy", "train/clean"),
        ("x", "y"),
    ],
)
def test_folders_that_are_pairs(noisy: str, clean: str) -> None:
    names = [f"{noisy}/a.tif", f"{noisy}/b/c.tif", f"{clean}/b/c.png", f"{clean}/a.tif"]
    assert pair_folders(names) == [(0, 3), (1, 2)]
    assert pair_folders(names[:2]) is None
    assert pair_folders([*names, "notes/z.tif"]) is None


def test_folders_of_pairs_without_partners_are_refused() -> None:
    with pytest.raises(DataError, match=r"(?s)look like pairs: .*the other with --targets"):
        pair_folders(["raw/a.tif", "raw/b.tif", "gt/a.tif", "gt/q.tif"])
