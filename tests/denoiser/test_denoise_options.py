"""An option of denoising is written in one place: the calls of Python follow."""

import inspect
import subprocess
import sys
from typing import Any, cast

import numpy as np
import pytest

import unnoise
from unnoise.errors import UnknownNameError

ADDED = '''
import dataclasses, importlib, inspect
from unnoise.denoiser import denoiser, options

@dataclasses.dataclass(frozen=True, kw_only=True)
class More(options.DenoiseOptions):
    colour_of_the_cat: int = 3

More.__doc__ = options.DenoiseOptions.__doc__ + """
    colour_of_the_cat
        What colour the cat has.
    """
options.DenoiseOptions = More
importlib.reload(denoiser)
for call in (denoiser.Denoiser.__call__, denoiser.Denoiser.stack):
    print(inspect.signature(call), call.__doc__)
'''


def test_a_new_option_is_in_the_signature_and_the_help_of_python() -> None:
    done = subprocess.run([sys.executable, "-c", ADDED], capture_output=True, text=True, check=True)
    assert done.stdout.count("colour_of_the_cat: int = 3") == 2
    assert done.stdout.count("colour_of_the_cat\n    What colour the cat has.") == 2


def test_a_call_shows_each_option_of_arrays() -> None:
    for call in (unnoise.Denoiser.__call__, unnoise.Denoiser.stack):
        _, _, *named = inspect.signature(call).parameters.values()
        assert {each.name: each.default for each in named} == {
            "strength": 1.0,
            "chroma_strength": None,
            "detail": 0.0,
            "hot_pixels": False,
            "steady": "auto",
            "axes": None,
            "range": None,
            "channels": "auto",
            "nodata": None,
            "nan": "refuse",
            "dtype": "same",
        }
        assert "\nchroma_strength\n    The same for the colour noise." in (call.__doc__ or "")
        assert "JPEG" not in (call.__doc__ or "")


@pytest.mark.parametrize("name", ["strenght", "quality"])
def test_an_unknown_option_is_refused(denoiser: unnoise.Denoiser, name: str) -> None:
    image, options = np.zeros((28, 28)), cast("dict[str, Any]", {name: 1})
    allowed = "there are strength, chroma_strength, .*, axes, nodata, nan"
    for call, given in ((denoiser, image), (denoiser.stack, image[None])):
        with pytest.raises(UnknownNameError, match=f"no option is called '{name}': {allowed}"):
            call(given, **options)
