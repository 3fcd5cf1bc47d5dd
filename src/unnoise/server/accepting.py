"""Which formats an ``Accept`` header takes, and which it likes best (RFC 9110, section 12.5.1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


class NotAcceptableError(Exception):
    """The result cannot be written in a format that is accepted."""


@dataclass(frozen=True)
class Accepted:
    """The formats that a client takes.

    Attributes:
        qualities: Of each, more than 0; those that the header names first, in its order.
    """

    qualities: Mapping[str, float]

    def order(self, sent: str) -> list[str]:
        """Return the formats, the best first; of equally good ones the one that was sent."""
        return sorted(self.qualities, key=lambda kind: (-self.qualities[kind], kind != sent))


def accepted(accept: str, kinds: Collection[str]) -> Accepted:
    """Read a header. Of the ranges that match a format, the most specific one counts.

    Args:
        accept: The header; empty takes everything.
        kinds: The formats that there are, such as ``image/png``.

    Raises:
        NotAcceptableError: None of them is accepted.
    """
    ranges: dict[str, float] = {}
    for part in filter(str.strip, accept.split(",")):
        kind, quality = _parse(part)
        ranges[kind] = max(quality, ranges.get(kind, 0.0))
    if not ranges:
        return Accepted(dict.fromkeys(kinds, 1.0))
    named = [kind for kind in ranges if kind in kinds]
    found = {
        kind: quality
        for kind in dict.fromkeys([*named, *kinds])
        if (quality := _quality(kind, ranges)) > 0
    }
    if not found:
        raise NotAcceptableError(f"Accept asks for {accept[:100]}: results are {', '.join(kinds)}")
    return Accepted(found)


def _quality(kind: str, ranges: Mapping[str, float]) -> float:
    matching = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    return next((ranges[each] for each in matching if each in ranges), 0.0)


def _parse(part: str) -> tuple[str, float]:
    """Return a media range and its quality, 1 where none is said, 0 where it is no number."""
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return kind, 0.0
            return kind, quality if 0 <= quality <= 1 else 0.0
    return kind, 1.0
