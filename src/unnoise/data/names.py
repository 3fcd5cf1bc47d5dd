"""What file names say: which files are pairs, and which are captures of one scene.

Pure functions on relative names such as ``"day 1/img_003_noisy.png"``; nothing is read.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile
from pathlib import PurePosixPath

from unnoise.errors import DataError

NOISY_WORDS = {"noisy", "noise", "input", "inputs", "lq", "low", "degraded", "dirty", "raw"}
CLEAN_WORDS = {
    *("clean", "cleaned", "gt", "groundtruth", "truth", "target", "targets", "ref", "reference"),
    *("hq", "high", "output", "outputs", "label", "labels", "original", "orig", "avg", "mean"),
}
# Names of folders, which say more than words in the names of files.
FOLDERS_NOISY = {
    *("noisy", "noise", "raw", "input", "inputs", "low", "lq", "lr", "source", "degraded", "dirty"),
    *("x", "corrupted", "lowsnr", "low_snr", "short"),
}
FOLDERS_CLEAN = {
    *("clean", "gt", "ground_truth", "groundtruth", "truth", "target", "targets", "high", "hq"),
    *("hr", "output", "outputs", "reference", "ref", "y", "original", "highsnr", "high_snr"),
    *("long", "cleaned"),
}
# Words beside these in the name of a folder: of no meaning, or of parts that both sides have.
NEUTRAL = {"image", "images", "img", "imgs", "data", "frames", "files", "patches"}
PARTS = {"train", "training", "val", "valid", "validation", "test", "testing"}
NOISY, CLEAN = "noisy", "clean"
# Words that may as well say what an image shows: no proof of a pair in one folder.
AMBIGUOUS = {"low", "high", "raw", "mean", "avg", "original", "orig", "input", "output", "label"}
# A run of letters, a run of digits, or what stands between them.
PIECES = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
NUMBERED = re.compile(r"(?P<scene>.*?)[-_. ]*(?P<number>\d+)")
SHOWN = 10  # names in a message

Pairs = list[tuple[int, int]]


def match_pairs(noisy: Sequence[str], clean: Sequence[str]) -> Pairs:
    """Find the clean name of each noisy one.

    Names match if they are equal without their extension; or without words such as ``noisy`` and
    ``gt``; or without what all noisy names, and all clean ones, begin and end with. One file and
    one file are a pair whatever their names.

    Args:
        noisy: Relative names.
        clean: The same for the targets.

    Returns:
        Indices into both, in the order of ``noisy``.

    Raises:
        DataError: Some have no partner, or several; the message lists them.
    """
    if len(noisy) == len(clean) == 1:
        return [(0, 0)]
    best: tuple[Pairs, list[str]] | None = None
    for key in (_stems, _without_words, _without_common_ends):
        pairs, unmatched = _match(noisy, clean, key(noisy), key(clean))
        if not unmatched:
            return pairs
        if best is None or len(unmatched) < len(best[1]):
            best = pairs, unmatched
    assert best is not None
    listed = "\n".join(f"  {name}" for name in best[1][:SHOWN])
    more = f"\n  and {len(best[1]) - SHOWN} more" if len(best[1]) > SHOWN else ""
    raise DataError(
        f"{len(best[0])} pairs were found by name, and {len(best[1])} files have no partner:\n"
        f"{listed}{more}\n"
        "give both of a pair one name, or names that differ in _noisy and _gt, and move the others"
    )


def split_pairs(names: Sequence[str]) -> Pairs | None:
    """Find the pairs that lie together in one folder, by words such as ``noisy`` and ``gt``.

    Returns:
        Indices of the noisy and the clean of each pair; None unless every name is in a pair.
    """
    found, unmatched = _pair_by_words(names)
    return found if found and not unmatched else None


def pair_folders(names: Sequence[str]) -> Pairs | None:
    """Find pairs that lie in two folders with names such as ``raw`` and ``gt``, or ``raw_images``.

    Returns:
        Indices of the noisy and the clean of each pair; None unless every name is in such a folder.

    Raises:
        DataError: The folders say that there are pairs, and some files have no partner.
    """
    places = [_place(name) for name in names]
    if not all(places) or not _both({place[0] for place in places if place}):
        return None
    sides: dict[str, list[tuple[int, str]]] = {NOISY: [], CLEAN: []}
    for index, place in enumerate(places):
        if place:
            sides[place[0]].append((index, place[1]))
    try:
        pairs = match_pairs(*([key for _, key in sides[role]] for role in (NOISY, CLEAN)))
    except DataError as error:
        one, other = (PurePosixPath(names[sides[role][0][0]]).parent for role in (NOISY, CLEAN))
        raise DataError(
            f"the folders {one} and {other} look like pairs: {error}; or name one of the folders "
            "alone, and the other with --targets"
        ) from error
    return [(sides[NOISY][a][0], sides[CLEAN][b][0]) for a, b in pairs]


def find_pairs(names: Sequence[str]) -> Pairs | None:
    """Find the pairs among files, by words in their names or by the names of their folders.

    Returns:
        Indices of the noisy and the clean of each pair; None where no name speaks of pairs.

    Raises:
        DataError: Some files are pairs by their names, and others are in no pair.
    """
    pairs = split_pairs(names) or pair_folders(names)
    if pairs:
        return pairs
    places = [_place(name) for name in names]
    if _both({place[0] for place in places if place}):
        left = [name for name, place in zip(names, places, strict=True) if place is None]
        raise DataError(
            f"folders such as raw and gt look like pairs, and {_listed(left)} in neither of them: "
            "name the noisy folder alone, and the clean one with --targets; or say what all are "
            "with --objective, such as neighbor2neighbor for noisy images"
        )
    found, left = _pair_by_words(names)
    roles = {_role(name) for name in names}
    if found or (None not in roles and _both(roles)):
        raise DataError(
            f"words such as noisy and gt in the names speak of pairs, and {_listed(left)} in no "
            "pair: give both of a pair one name but for these words, and move the others; or say "
            "what all are with --objective, such as neighbor2neighbor for noisy images"
        )
    return None


def pair_of(names: Sequence[str]) -> tuple[int, int] | None:
    """Find the noisy and the clean one of a few names that belong together.

    Returns:
        Their indices; None unless one is called noisy and one clean. Here the words have no other
        meaning: ``input`` is noisy and ``output`` clean.
    """
    words = [set(_words(name)) for name in names]
    noisy = [i for i, each in enumerate(words) if each & NOISY_WORDS and not each & CLEAN_WORDS]
    clean = [i for i, each in enumerate(words) if each & CLEAN_WORDS and not each & NOISY_WORDS]
    return (noisy[0], clean[0]) if len(noisy) == len(clean) == 1 else None


def side_of(name: str) -> str | None:
    """Return ``noisy`` or ``clean`` where a relative name, or a folder in it, says so."""
    place = _place(name)
    return place[0] if place else _role(name)


def group_captures(names: Sequence[str]) -> list[list[int]] | None:
    """Find the captures of each scene: ``X_1 … X_4``, or all files of a subfolder.

    Returns:
        Indices of the captures of each scene; None unless every scene has at least two.
    """
    numbered = [NUMBERED.fullmatch(PurePosixPath(name).stem) for name in names]
    parents = [str(PurePosixPath(name).parent) for name in names]
    if all(numbered):
        scenes = [
            f"{parent}/{match['scene']}"
            for parent, match in zip(parents, numbered, strict=True)
            if match
        ]
        # Names that are numbers only say nothing about scenes.
        if all(match and match["scene"] for match in numbered) and (groups := _groups(scenes)):
            return groups
    if len(set(parents)) > 1:
        return _groups(parents)
    return None


def _groups(keys: Sequence[str]) -> list[list[int]] | None:
    found: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        found[key].append(index)
    groups = list(found.values())
    return groups if groups and all(len(group) > 1 for group in groups) else None


def _match(
    noisy: Sequence[str], clean: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> tuple[Pairs, list[str]]:
    """Match by keys; also return the names that are left over."""
    places = {key: index for index, key in enumerate(theirs)}
    counts, others = Counter(ours), Counter(theirs)
    pairs = [
        (index, places[key]) for index, key in enumerate(ours) if counts[key] == others[key] == 1
    ]
    taken = {a for a, _ in pairs}, {b for _, b in pairs}
    left = [name for i, name in enumerate(noisy) if i not in taken[0]]
    return pairs, left + [name for i, name in enumerate(clean) if i not in taken[1]]


def _pair_by_words(names: Sequence[str]) -> tuple[Pairs, list[str]]:
    """Match names by words such as ``noisy`` and ``gt``; also return those in no pair."""
    roles = [_role(name) for name in names]
    noisy, clean = ([i for i, each in enumerate(roles) if each == role] for role in (NOISY, CLEAN))
    keys = _without_words(names)
    found, _ = _match(
        [names[i] for i in noisy],
        [names[i] for i in clean],
        [keys[i] for i in noisy],
        [keys[i] for i in clean],
    )
    pairs = [(noisy[a], clean[b]) for a, b in found]
    taken = {index for pair in pairs for index in pair}
    return pairs, [name for i, name in enumerate(names) if i not in taken]


def _place(name: str) -> tuple[str, str] | None:
    """Return which side of pairs the folder of a file holds, and the name without that.

    None where no folder says it, or several do.
    """
    *folders, file = PurePosixPath(name).parts
    found = []
    for index, folder in enumerate(folders):
        words = [word for word in _words(folder) if word.isalnum()]
        kept = [word for word in words if word in PARTS or word.isdigit()]
        word = "_".join(word for word in words if word not in {*kept, *NEUTRAL})
        role = NOISY if word in FOLDERS_NOISY else CLEAN if word in FOLDERS_CLEAN else None
        if role:
            rest = [*folders[:index], *kept, *folders[index + 1 :], file]
            found.append((role, "/".join(rest)))
    return found[0] if len(found) == 1 else None


def _both(roles: Collection[str | None]) -> bool:
    return NOISY in roles and CLEAN in roles


def _listed(names: Sequence[str]) -> str:
    """Name the first of some files, as the subject of a sentence."""
    more = len(names) - 1
    if not more:
        return f"{names[0]} is"
    return f"{names[0]} and {more} other file{'s' if more > 1 else ''} are"


def _stems(names: Iterable[str]) -> list[str]:
    return [str(PurePosixPath(name).with_suffix("")) for name in names]


def _words(name: str) -> list[str]:
    return [piece.lower() for piece in PIECES.findall(name)]


def _role(name: str) -> str | None:
    words = set(_words(_stems([name])[0])) - AMBIGUOUS
    noisy, clean = bool(words & NOISY_WORDS), bool(words & CLEAN_WORDS)
    return None if noisy == clean else NOISY if noisy else CLEAN


def _without_words(names: Iterable[str]) -> list[str]:
    """Leave out the words for noisy and clean, and the separators."""
    return [
        " ".join(
            word
            for word in _words(stem)
            if word not in NOISY_WORDS | CLEAN_WORDS and any(map(str.isalnum, word))
        )
        for stem in _stems(names)
    ]


def _without_common_ends(names: Sequence[str]) -> list[str]:
    """Leave out the whole pieces that all names begin and end with."""
    pieces = [PIECES.findall(stem) for stem in _stems(names)]
    start = _common(pieces)
    end = _common([list(reversed(each[start:])) for each in pieces])
    return ["".join(each[start : len(each) - end]).strip("-_. ") for each in pieces]


def _common(pieces: Sequence[Sequence[str]]) -> int:
    """Count the pieces that all begin with."""
    if len(pieces) < 2:
        return 0
    columns = zip(*pieces, strict=False)  # as far as the shortest goes
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
