"""An option of denoising is written in one place: the commands and the workers follow."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from unnoise.images import write_stack
from unnoise.pretrained import PRETRAINED

# As if a field was added to the class; the workers of a job import it, too.
ADDED = '''
import dataclasses, os
from pathlib import Path

import unnoise.denoiser as room
from unnoise.cluster import worker
from unnoise.denoiser import {home}

@dataclasses.dataclass(frozen=True, kw_only=True)
class More(room.{name}):
    colour_of_the_cat: int = 3

More.__doc__ = room.{name}.__doc__ + """
    colour_of_the_cat
        What colour the cat has.
    """
room.{name} = {home}.{name} = More
begin = worker.Worker.__init__

def note(self, settings, **places):
    Path("seen").write_text(str(settings.{field}.colour_of_the_cat))
    begin(self, settings, **places)

worker.Worker.__init__ = note
'''


@pytest.mark.parametrize(
    ("name", "home", "field"),
    [
        ("DenoiseOptions", "options", "options"),
        ("Outputs", "options", "outputs"),
        ("Running", "running", "running"),
    ],
)
def test_a_new_option_is_in_the_help_and_reaches_the_workers(
    tmp_path: Path, name: str, home: str, field: str
) -> None:
    (tmp_path / "more.py").write_text(ADDED.format(name=name, home=home, field=field))
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])

    def unnoise(*arguments: str) -> str:
        code = "import sys, more; from unnoise.cli import main; main(sys.argv[1:])"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    shown = unnoise("denoise", "--help")
    assert "--colour-of-the-cat INT" in shown
    assert "What colour the cat has." in " ".join(shown.replace("│", "").split())
    write_stack(tmp_path / "in" / "a.png", np.full((20, 20), 90, np.uint8))
    model = str(PRETRAINED["photo"].with_suffix(".onnx"))
    job = ("in", "--out", "out", "--engine", "processes", "--workers", "1", "--model", model)
    unnoise("denoise", *job, "--colour-of-the-cat", "7")
    assert (tmp_path / "seen").read_text() == "7"
