"""Samples of a tar shard, read from anywhere in it: no index is needed, nothing is unpacked.

A sample is a run of members with one key, the name up to the first dot after the folders (as in
WebDataset): ``0001.noisy.png``, ``0001.clean.png`` and ``0001.json`` are one. Names are text here,
never paths. Every member begins at a multiple of 512 bytes with a header that has a magic word and
a checksum, so a reader may enter in the middle and search for the next one.

A tar inside a tar has headers too. Read in order it is one member, and left out; entered in its
middle, its images are samples of the same shard, so held-out ones stay apart.
"""

import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from unnoise.images import read_bytes

BLOCK = 512  # bytes, to which headers and contents are aligned
MAGIC, MAGIC_AT = b"ustar", 257
LONGEST_NAME = 2**16  # bytes of a header that holds a long name
LARGEST_MEMBER = 2**30  # bytes of a member that is read
LONG_NAME, RECORDS = (tarfile.GNUTYPE_LONGNAME,), (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
DIGITS = re.compile(r"[0-9]{1,18}")
PREFIXES = (*LONG_NAME, *RECORDS, tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE)  # of another header

Report = Callable[[str], None]


class Tape:
    """The bytes of a shard of some size by their place, at least ``ahead`` fetched at once."""

    def __init__(self, place: str, size: int, ahead: int) -> None:
        self.place, self.size, self._ahead = place, size, ahead
        self._start, self._held = 0, b""

    def read(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start`` on, fewer at the end of the shard."""
        stop = min(start + length, self.size)
        if start >= stop:
            return b""
        if not self._start <= start <= stop <= self._start + len(self._held):
            kept = self._held[start - self._start :] if start >= self._start else b""
            first = start + len(kept)
            last = min(max(stop, first + self._ahead), self.size)
            self._start, self._held = start, kept + read_bytes(self.place, first, last)
        return self._held[start - self._start : stop - self._start]


@dataclass(frozen=True)
class Member:
    """One member of a shard."""

    at: int  # where it begins
    name: str
    start: int  # of its content
    size: int

    @property
    def key(self) -> str:
        """The part of the name that a sample's members share."""
        folder, slash, base = self.name.rpartition("/")
        return folder + slash + base.partition(".")[0]

    @property
    def suffix(self) -> str:
        """The rest of the name, such as ``.noisy.png``, in small letters."""
        return self.name[len(self.key) :].lower()


@dataclass(frozen=True)
class Sample:
    """Members of one key."""

    key: str
    at: int  # where the first begins
    stop: int  # where the last ends
    members: dict[str, Member]  # by their suffix


def samples(tape: Tape, start: int, stop: int, report: Report) -> Iterator[Sample]:
    """Yield the samples that begin in ``start..stop``.

    Args:
        tape: The shard.
        start: Where to enter, a multiple of 512. The first sample may lack a beginning.
        stop: Where to leave; a sample that begins before is read to its end.
        report: Called with each damage.
    """
    found = (each for each in members(tape, start, report) if each.key.rpartition("/")[2])
    for key, group in groupby(found, lambda member: member.key):
        together = list(group)
        if together[0].at >= stop:
            return
        end = together[-1].start + together[-1].size
        yield Sample(key, together[0].at, end, {each.suffix: each for each in together})


def first_start(tape: Tape, start: int) -> int | None:
    """Return the start of the first sample that certainly begins after ``start``, if any."""
    found = samples(tape, start, tape.size, lambda _: None)
    # The first one may have begun before; and its name may lack a header before it, so that the
    # second one is the rest of it.
    after = next(islice(found, 2, None), None)
    return None if after is None else after.at


def members(tape: Tape, start: int, report: Report) -> Iterator[Member]:
    """Yield the regular members from the first header at or after ``start`` on."""
    at, searching = start, True
    name, size, began = "", None, start  # from the headers before a member's own
    while len(block := tape.read(at, BLOCK)) == BLOCK:
        header = _header(block)
        if header is None or at + BLOCK + header.size > tape.size:
            if not searching and any(block):  # zeros end an archive, and another may follow
                report(f"{tape.place} is damaged at byte {at}; what follows is read")
            searching, name, size = True, "", None
            at += BLOCK
            continue
        searching = False
        if not name and size is None:
            began = at
        if header.type in PREFIXES:
            data = tape.read(at + BLOCK, header.size) if header.size <= LONGEST_NAME else b""
            if header.type in LONG_NAME and data:
                name = data.rstrip(b"\0").decode("utf-8", "replace")
            elif header.type in RECORDS:
                records = _records(data)
                name = records.get("path", name)
                size = int(records["size"]) if DIGITS.fullmatch(records.get("size", "")) else size
            at += BLOCK + _padded(header.size)
            continue
        size = header.size if size is None else size
        if header.isreg():
            yield Member(began, name or header.name, at + BLOCK, size)
        at += BLOCK + _padded(size)
        name, size = "", None


def _header(block: bytes) -> tarfile.TarInfo | None:
    if block[MAGIC_AT : MAGIC_AT + len(MAGIC)] != MAGIC:
        return None
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "replace")  # checks the sum
    except tarfile.HeaderError:
        return None
    return header if header.size >= 0 else None


def _records(data: bytes) -> dict[str, str]:
    """Return the records of a PAX header, each ``length key=value`` and a new line."""
    found = {}
    while DIGITS.fullmatch(length := data.partition(b" ")[0].decode("latin-1")):
        if not len(length) < int(length) <= len(data):
            break
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        data = data[int(length) :]
    return found


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
