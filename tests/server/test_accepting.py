import pytest

from unnoise.server.accepting import wanted
from unnoise.server.pictures import NotAcceptableError

KINDS = ("image/png", "image/jpeg", "image/webp", "image/tiff")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", None),
        ("*/*", None),
        ("image/*;q=0.1", None),
        ("image/webp", "image/webp"),
        ("image/webp;q=0.2, image/png;q=0.9", "image/png"),
        ("image/png ; q=0.5 , IMAGE/JPEG;Q=0.6", "image/jpeg"),
        ("image/png, image/webp", "image/png"),
        ("text/html, image/*;q=0.8", None),
        ("image/avif, image/webp;q=0.4, */*;q=0.3", "image/webp"),
        ("image/webp;q=0.4, */*;q=0.8", None),
        ("image/png;q=0, */*", "image/jpeg"),
    ],
)
def test_the_kind_of_the_highest_quality(accept: str, kind: str | None) -> None:
    assert wanted(accept, KINDS) == kind


@pytest.mark.parametrize(
    "accept",
    ["text/html", "image/png;q=0", "image/avif;q=1", "*/*;q=0", "image/png;q=x", "image/png;q=7"],
)
def test_what_is_not_accepted(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match="Accept asks for"):
        wanted(accept, KINDS)
