import pytest

from unnoise.server.requests import NotAcceptableError, accepted

KINDS = ("image/png", "image/jpeg", "image/webp", "image/tiff")
WEBP = "image/webp"


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        ("", WEBP),
        ("*/*", WEBP),
        ("image/*;q=0.1", WEBP),
        ("image/jpeg", "image/jpeg"),
        ("image/webp;q=0.2, image/png;q=0.9", "image/png"),
        ("image/png ; q=0.5 , IMAGE/JPEG;Q=0.6", "image/jpeg"),
        ("image/tiff, image/jpeg", "image/tiff"),
        ("image/tiff, image/webp", WEBP),
        ("text/html, image/*;q=0.8", WEBP),
        ("image/avif, image/jpeg;q=0.4, */*;q=0.3", "image/jpeg"),
        ("image/jpeg;q=0.4, */*;q=0.8", WEBP),
        ("image/png;q=0, */*", WEBP),
        ("*/*, image/webp;q=0", "image/png"),
        ("image/webp;q=0.2, */*;q=0.8", "image/png"),
        ("*/*;q=1, image/*;q=0.5, image/tiff;q=0.7", "image/tiff"),
    ],
)
def test_the_most_specific_range_counts_and_of_equals_the_format_that_was_sent(
    accept: str, best: str
) -> None:
    assert accepted(accept, KINDS).order(WEBP)[0] == best


def test_the_order_leaves_out_what_is_refused() -> None:
    found = accepted("image/jpeg;q=0.1, image/png;q=0, image/*;q=0.5", KINDS)
    assert found.order("image/tiff") == ["image/tiff", "image/webp", "image/jpeg"]


@pytest.mark.parametrize(
    "accept",
    [
        *("text/html", "image/png;q=0", "image/avif;q=1", "*/*;q=0", "image/png;q=x"),
        *("image/png;q=7", "image/png;q=nan", "image/*;q=0, */*"),
    ],
)
def test_what_is_not_accepted(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match="Accept asks for"):
        accepted(accept, KINDS)
