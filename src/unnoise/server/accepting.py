"""Which format an ``Accept`` header asks for (RFC 9110, section 12.5.1)."""

from collections.abc import Collection

from unnoise.server.pictures import NotAcceptableError

ANY = ("*/*", "image/*")


def wanted(accept: str, kinds: Collection[str]) -> str | None:
    """Return the format that is asked for; None for the one that was sent.

    The one of the highest quality; of several, the one that is named first. A range such as
    ``image/*`` is content with what was sent.

    Args:
        accept: The header.
        kinds: The formats that there are.

    Raises:
        NotAcceptableError: None of them is accepted.
    """
    if not accept.strip():
        return None
    ranges = [_parse(part) for part in accept.split(",") if part.strip()]
    refused = {kind for kind, quality in ranges if quality == 0}
    best, found = 0.0, False
    chosen: str | None = None
    for kind, quality in ranges:
        any_kind = kind in ANY and not set(kinds) <= refused
        if quality > best and (kind in kinds or any_kind):
            best, found = quality, True
            # Who refuses one kind may have sent it.
            chosen = kind if not any_kind else _other(kinds, refused) if refused else None
    if not found:
        raise NotAcceptableError(f"Accept asks for {accept[:100]}: results are {', '.join(kinds)}")
    return chosen


def _other(kinds: Collection[str], refused: Collection[str]) -> str:
    return next(kind for kind in kinds if kind not in refused)


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
