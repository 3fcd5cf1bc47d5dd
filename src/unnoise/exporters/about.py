"""What people should know about an exported model; nothing is invented where it is not known."""

import re
from dataclasses import dataclass

from unnoise.errors import ConfigError

UNKNOWN = "UNKNOWN"  # in place of an author or a licence that nobody stated
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class About:
    """Facts about a model for its readers.

    Attributes:
        name: Its name.
        summary: What it is, in a phrase.
        scope: The images that it is made for, and those that it is not made for, in sentences.
        data: What it was trained on.
        data_license: Licences of the training data.
        author: Who trained it; None if it is not known.
        license: The SPDX identifier of the licence of the weights; None if it is not known.
    """

    name: str
    summary: str
    scope: str
    data: str
    data_license: str | None = None
    author: str | None = None
    license: str | None = None

    @property
    def id(self) -> str:
        """The name in lower-case letters, digits and hyphens."""
        return "-".join(re.findall("[a-z0-9]+", self.name.lower())) or "model"

    @property
    def notes(self) -> tuple[str, ...]:
        """Return a warning about what the file does not state."""
        options = {"author": self.author, "license": self.license}
        missing = [name for name, value in options.items() if value is None]
        if not missing:
            return ()
        listed = " and ".join(missing)
        pass_them = " and ".join(f"--{name}" for name in missing)
        return (f"{listed} in the file: {UNKNOWN}; pass {pass_them} before you share it",)


def check_id(id: str) -> None:  # noqa: A002  the word of the option
    """Raise ``ConfigError`` unless an identifier is safe as the name of a folder."""
    if not ID.fullmatch(id):
        raise ConfigError(
            f"id is {id!r}: it has lower-case letters and digits, joined by hyphens, such as "
            "denoise-scans"
        )
