"""Every error that a user can meet.

    UnnoiseError
    ├── SpecError          a noise spec that does not parse, or a value outside its range
    ├── ConfigError        a setting that is unknown, of the wrong type or contradicts another
    ├── UnknownNameError   a name that is not in its table (noise, model, dataset, ...)
    ├── DataError          images or datasets that cannot be found or used
    │   └── ImageError     one file or array that cannot be read as an image
    ├── ModelError         an image that a model cannot take, or a model that cannot be built
    ├── ModelFileError     a model file that cannot be read
    ├── RunError           a run folder that cannot be used
    └── OutputError        a result that cannot be written

Each message states what was got, what is allowed and what to try. The command line prints it and
exits with status 2. Any other exception that reaches a user is a bug.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class UnnoiseError(Exception):
    """Base class of every error that unnoise raises on purpose."""


class SpecError(UnnoiseError):
    """A noise spec does not parse, or one of its values is outside the allowed range."""


class ConfigError(UnnoiseError):
    """A setting is unknown, of the wrong type, or contradicts another setting."""


class UnknownNameError(UnnoiseError):
    """A name is not in its table."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        super().__init__(f"no {kind} is called {name!r}: there are {', '.join(known)}{hint}")


class DataError(UnnoiseError):
    """Images or datasets cannot be found or used."""


class ImageError(DataError):
    """One file or array cannot be read as an image."""


class ModelError(UnnoiseError):
    """A model cannot take an image, or cannot be built."""


class ModelFileError(UnnoiseError):
    """A model file cannot be read."""


class RunError(UnnoiseError):
    """A run folder cannot be used."""


class OutputError(UnnoiseError):
    """A result cannot be written."""
