"""What file names say: which files are pairs, and which are captures of one scene.

Pure functions on relative names such as ``"day 1/img_003_noisy.png"``; nothing is read.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
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
# Words that may as well say what an image shows: no proof of a pair in one folder.
AMBIGUOUS = {"low", "high", "raw", "mean", "avg", "original", "orig", "input", "output", "label"}
# A run of letters, a run of digits, or what stands between them.
PIECES = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
NUMBERED = re.compile(r"(?P<scene>.*?)[-_. ]*(?P<number>\d+)")
SHOWN = 10  # names in a message

Pairs = list[tuple[int, int]]


def match_pairs(noisy: Sequence[str], clean: Sequence[str]) -> Pairs:
    """Find for each noisy name its clean one.

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
    roles = [_role(name) for name in names]
    if not names or any(role is None for role in roles):
        return None
    noisy = [i for i, role in enumerate(roles) if role == "noisy"]
    clean = [i for i, role in enumerate(roles) if role == "clean"]
    keys = _without_words(names)
    found, unmatched = _match(
        [names[i] for i in noisy],
        [names[i] for i in clean],
        [keys[i] for i in noisy],
        [keys[i] for i in clean],
    )
    return None if unmatched or not found else [(noisy[a], clean[b]) for a, b in found]


def pair_folders(names: Sequence[str]) -> Pairs | None:
    """Find pairs that lie in two folders with names such as ``raw`` and ``gt``.

    Returns:
        Indices of the noisy and the clean of each pair; None unless every name is in such a folder.

    Raises:
        DataError: The folders say that there are pairs, and some files have no partner.
    """
    roles, keys = [], []
    for name in names:
        path = PurePosixPath(name)
        words = [part.lower().replace("-", "_") for part in path.parts[:-1]]
        found = [
            place
            for place, word in enumerate(words)
            if word in FOLDERS_NOISY or word in FOLDERS_CLEAN
        ]
        if len(found) != 1:
            return None
        roles.append(words[found[0]] in FOLDERS_NOISY)
        rest = (*path.parts[: found[0]], *path.parts[found[0] + 1 :])
        keys.append(str(PurePosixPath(*rest)))
    noisy = [i for i, role in enumerate(roles) if role]
    clean = [i for i, role in enumerate(roles) if not role]
    if not noisy or not clean:
        return None
    try:
        pairs = match_pairs([keys[i] for i in noisy], [keys[i] for i in clean])
    except DataError as error:
        raise DataError(
            f"the folders {PurePosixPath(names[noisy[0]]).parent} and "
            f"{PurePosixPath(names[clean[0]]).parent} look like pairs: {error}; or name one of the "
            "folders alone, and the other with --targets"
        ) from error
    return [(noisy[a], clean[b]) for a, b in pairs]


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


def group_captures(names: Sequence[str]) -> list[list[int]] | None:
    """Find the captures of each scene: ``X_1 … X_4``, or the files of one subfolder each.

    Returns:
        Indices of each scene's captures; None unless every scene has at least two.
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
    places: dict[str, list[int]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for index, key in enumerate(theirs):
        places[key].append(index)
    for key in ours:
        counts[key] += 1
    pairs = [
        (index, places[key][0])
        for index, key in enumerate(ours)
        if counts[key] == 1 and len(places.get(key, ())) == 1
    ]
    taken = {a for a, _ in pairs}, {b for _, b in pairs}
    left = [name for i, name in enumerate(noisy) if i not in taken[0]]
    return pairs, left + [name for i, name in enumerate(clean) if i not in taken[1]]


def _stems(names: Iterable[str]) -> list[str]:
    return [str(PurePosixPath(name).with_suffix("")) for name in names]


def _words(name: str) -> list[str]:
    return [piece.lower() for piece in PIECES.findall(name)]


def _role(name: str) -> str | None:
    words = set(_words(_stems([name])[0])) - AMBIGUOUS
    noisy, clean = bool(words & NOISY_WORDS), bool(words & CLEAN_WORDS)
    return None if noisy == clean else "noisy" if noisy else "clean"


def _without_words(names: Iterable[str]) -> list[str]:
    """Leave out the words that tell noisy from clean, and the separators."""
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
