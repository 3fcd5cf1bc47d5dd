"""Pairs of files, and captures of one scene, by relative names such as ``day 1/3_noisy.png``."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import PurePosixPath

from unnoise.errors import DataError

NOISY_WORDS = {"noisy", "noise", "input", "inputs", "lq", "low", "degraded", "dirty", "raw"}
CLEAN_WORDS = {
    *("clean", "cleaned", "gt", "groundtruth", "truth", "target", "targets", "ref", "reference"),
    *("hq", "high", "output", "outputs", "label", "labels", "original", "orig", "avg", "mean"),
}
WORDS = NOISY_WORDS | CLEAN_WORDS
# Names of folders, which are clearer than words in the names of files.
FOLDERS_NOISY = NOISY_WORDS | {"lr", "source", "x", "corrupted", "lowsnr", "low_snr", "short"}
FOLDERS_CLEAN = CLEAN_WORDS - {"label", "labels", "orig", "avg", "mean"}
FOLDERS_CLEAN |= {"ground_truth", "hr", "y", "highsnr", "high_snr", "long"}
# Other words in the name of a folder: without meaning, or parts that both sides have.
NEUTRAL = {"image", "images", "img", "imgs", "data", "frames", "files", "patches"}
PARTS = {"train", "training", "val", "valid", "validation", "test", "testing"}
NOISY, CLEAN = "noisy", "clean"
# Words that may describe what an image shows: no proof of a pair in one folder.
AMBIGUOUS = {"low", "high", "raw", "mean", "avg", "original", "orig", "input", "output", "label"}
# A run of letters, a run of digits, or what stands between them.
PIECES = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
NUMBERED = re.compile(r"(?P<scene>.*?)[-_. ]*(?P<number>\d+)")
SHOWN = 10  # names in a message

Pairs = list[tuple[int, int]]


def match_pairs(noisy: Sequence[str], clean: Sequence[str]) -> Pairs:
    """Find the clean name of each noisy one.

    Names match if they are equal without their extension; or also without words such as ``noisy``
    and ``gt``; or without a common start and end of all names of one side. One noisy file and one
    clean file are a pair whatever their names.

    Returns:
        Indices into both, in the order of ``noisy``.

    Raises:
        DataError: Some have no partner, or several; the message lists them.
    """
    if len(noisy) == len(clean) == 1:
        return [(0, 0)]
    ways = []
    for key in (_stems, _without_words, _without_common_ends):
        pairs, left = _match(noisy, clean, key(noisy), key(clean))
        if not left:
            return pairs
        ways.append((pairs, left))
    pairs, left = min(ways, key=lambda found: len(found[1]))
    listed = "\n".join(f"  {name}" for name in left[:SHOWN])
    more = f"\n  and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    raise DataError(
        f"{len(pairs)} pairs were found by name, and {len(left)} files have no partner:\n"
        f"{listed}{more}\n"
        "give both of a pair one name, or names that differ in _noisy and _gt, and move the others"
    )


def split_pairs(names: Sequence[str]) -> Pairs | None:
    """Find pairs by words such as ``noisy`` and ``gt``; None unless every name is in a pair."""
    found, unmatched = _pair_by_words(names)
    return found if found and not unmatched else None


def pair_folders(names: Sequence[str]) -> Pairs | None:
    """Find pairs by folders such as ``raw`` and ``gt``; None unless every name is in one."""
    places = [_place(name) for name in names]
    noisy, clean = (
        [(index, place[1]) for index, place in enumerate(places) if place and place[0] == role]
        for role in (NOISY, CLEAN)
    )
    if not all(places) or not noisy or not clean:
        return None
    try:
        pairs = match_pairs(*([key for _, key in side] for side in (noisy, clean)))
    except DataError as error:
        one, other = (PurePosixPath(names[side[0][0]]).parent for side in (noisy, clean))
        raise DataError(
            f"the folders {one} and {other} look like pairs: {error}; or name one of the folders "
            "alone, and the other with --targets"
        ) from error
    return [(noisy[a][0], clean[b][0]) for a, b in pairs]


def find_pairs(names: Sequence[str]) -> Pairs | None:
    """Find pairs by words in the names of files or folders; None where no name hints at pairs."""
    pairs = split_pairs(names) or pair_folders(names)
    if pairs:
        return pairs
    places = [_place(name) for name in names]
    if {place[0] for place in places if place} == {NOISY, CLEAN}:
        left = [name for name, place in zip(names, places, strict=True) if place is None]
        raise DataError(
            f"folders such as raw and gt look like pairs, and {_listed(left)} in neither of them: "
            "name the noisy folder alone, and the clean one with --targets; or say what all are "
            "with --objective, such as neighbor2neighbor for noisy images"
        )
    found, left = _pair_by_words(names)
    if found or {_role(name) for name in names} == {NOISY, CLEAN}:
        raise DataError(
            f"words such as noisy and gt in the names speak of pairs, and {_listed(left)} in no "
            "pair: give both of a pair one name but for these words, and move the others; or say "
            "what all are with --objective, such as neighbor2neighbor for noisy images"
        )
    return None


def pair_of(names: Sequence[str]) -> tuple[int, int] | None:
    """Find the one noisy and the one clean of a few names that belong together, else None."""
    roles = [_role_of(set(_words(name))) for name in names]
    if roles.count(NOISY) != 1 or roles.count(CLEAN) != 1:
        return None
    return roles.index(NOISY), roles.index(CLEAN)


def side_of(name: str) -> str | None:
    """Return ``noisy`` or ``clean`` where words in a relative name, or in its folders, say so."""
    place = _place(name)
    return place[0] if place else _role(name)


def group_captures(names: Sequence[str]) -> list[list[int]] | None:
    """Find captures: ``X_1 … X_4``, or the files of a subfolder; None unless all have a second."""
    parents = [str(PurePosixPath(name).parent) for name in names]
    numbered = [NUMBERED.fullmatch(PurePosixPath(name).stem) for name in names]
    # A name that is only a number has no scene.
    scenes = [match["scene"] if match else "" for match in numbered]
    keys = [f"{parent}/{scene}" for parent, scene in zip(parents, scenes, strict=True)]
    if all(scenes) and (groups := _groups(keys)):
        return groups
    return _groups(parents) if len(set(parents)) > 1 else None


def _groups(keys: Sequence[str]) -> list[list[int]] | None:
    found: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        found.setdefault(key, []).append(index)
    groups = list(found.values())
    return groups if groups and all(len(group) > 1 for group in groups) else None


def _match(
    noisy: Sequence[str], clean: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> tuple[Pairs, list[str]]:
    """Match by keys that are unique on each side; also return the names that are left over."""
    counts, others = Counter(ours), Counter(theirs)
    both = {key for key in counts if counts[key] == others[key] == 1}
    places = {key: index for index, key in enumerate(theirs)}
    pairs = [(index, places[key]) for index, key in enumerate(ours) if key in both]
    left = [name for name, key in zip(noisy, ours, strict=True) if key not in both]
    return pairs, left + [name for name, key in zip(clean, theirs, strict=True) if key not in both]


def _pair_by_words(names: Sequence[str]) -> tuple[Pairs, list[str]]:
    """Match names by words such as ``noisy`` and ``gt``; also return those in no pair."""
    roles, keys = [_role(name) for name in names], _without_words(names)
    noisy, clean = ([i for i, each in enumerate(roles) if each == role] for role in (NOISY, CLEAN))
    ours, theirs = ([keys[i] for i in side] for side in (noisy, clean))
    pairs = [(noisy[a], clean[b]) for a, b in _match(ours, theirs, ours, theirs)[0]]
    taken = {index for pair in pairs for index in pair}
    return pairs, [name for i, name in enumerate(names) if i not in taken]


def _place(name: str) -> tuple[str, str] | None:
    """Return the side of pairs that one folder of a name is, and the name without this folder."""
    *folders, file = PurePosixPath(name).parts
    found = []
    for index, folder in enumerate(folders):
        words = [word for word in _words(folder) if word.isalnum()]
        kept = [word for word in words if word in PARTS or word.isdigit()]
        word = "_".join(word for word in words if word not in {*kept, *NEUTRAL})
        role = NOISY if word in FOLDERS_NOISY else CLEAN if word in FOLDERS_CLEAN else None
        if role:
            found.append((role, "/".join([*folders[:index], *kept, *folders[index + 1 :], file])))
    return found[0] if len(found) == 1 else None


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
    return _role_of(set(_words(_stems([name])[0])) - AMBIGUOUS)


def _role_of(words: set[str]) -> str | None:
    noisy, clean = bool(words & NOISY_WORDS), bool(words & CLEAN_WORDS)
    return None if noisy == clean else NOISY if noisy else CLEAN


def _without_words(names: Iterable[str]) -> list[str]:
    """Leave out the words for noisy and clean, and the separators."""
    # Some letters, such as İ, become several characters in lower case, not all alphanumeric.
    words = [[w for w in _words(stem) if any(map(str.isalnum, w))] for stem in _stems(names)]
    return [" ".join(each for each in name if each not in WORDS) for name in words]


def _without_common_ends(names: Sequence[str]) -> list[str]:
    """Leave out the whole pieces that all names begin and end with."""
    pieces: list[list[str]] = [PIECES.findall(stem) for stem in _stems(names)]
    if len(pieces) > 1:  # one name is all common
        start = _common(pieces)
        end = _common([each[start:][::-1] for each in pieces])
        pieces = [each[start : len(each) - end] for each in pieces]
    return ["".join(each).strip("-_. ") for each in pieces]


def _common(pieces: Iterable[Iterable[str]]) -> int:
    columns = zip(*pieces, strict=False)  # as far as the shortest goes
    return len(list(takewhile(lambda column: len(set(column)) == 1, columns)))
