import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unnoise.data.names import find_pairs, group_captures, match_pairs, pair_folders, split_pairs
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


def test_letters_that_are_several_in_lower_case() -> None:
    names = ["İzmir_noisy.png", "İzmir_gt.png", "İstanbul_noisy.png", "İstanbul_gt.png"]
    assert find_pairs(names) == [(0, 1), (2, 3)]


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
        ("raw_images", "GT-images"),
        ("noisy_train", "clean_train"),
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


def test_parts_in_the_names_of_folders_are_kept_apart() -> None:
    names = [f"{side}_{part}/a.tif" for part in ("train", "val") for side in ("noisy", "clean")]
    assert find_pairs(names) == [(0, 1), (2, 3)]


RAW_GT = ["raw/a.tif", "raw/b.tif", "gt/a.tif", "gt/b.tif"]
WORDS = ["a_noisy.png", "a_gt.png", "b_noisy.png", "b_gt.png"]


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ([*RAW_GT, "preview.tif"], "preview.tif is"),
        ([*RAW_GT, "masks/a.tif", "masks/b.tif"], "masks/a.tif and 1 other file are"),
        ([*WORDS, "c_noisy.png", "d.png"], "c_noisy.png and 1 other file are"),
        (["left_noisy.png", "right_gt.png"], "left_noisy.png and 1 other file are"),
    ],
)
def test_files_beside_pairs_are_refused(names: list[str], left: str) -> None:
    with pytest.raises(DataError, match=left):
        find_pairs(names)


@pytest.mark.parametrize(
    "names",
    [
        ["noisy/a.tif", "noisy/b.tif"],
        ["x/a_1.tif", "z/a_1.tif"],
        ["low/a.tif", "low/b.tif", "c.tif"],
        ["1.png", "2.png"],
        [],
    ],
)
def test_names_that_speak_of_no_pairs(names: list[str]) -> None:
    assert find_pairs(names) is None


def test_words_in_files_go_before_folders_that_may_be_specimens() -> None:
    names = ["x/a_noisy.tif", "x/a_clean.tif", "y/a_noisy.tif", "y/a_clean.tif"]
    assert find_pairs(names) == [(0, 1), (2, 3)]
