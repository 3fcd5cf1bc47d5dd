"""A setting of a training is written in one place: the command, Python and TOML follow."""

import subprocess
import sys
from pathlib import Path

ADDED = '''
import dataclasses, sys
from unnoise import runs
from unnoise.runs import config, layers

@dataclasses.dataclass(frozen=True, kw_only=True)
class More(config.TrainConfig):
    colour_of_the_cat: int = 3

More.__doc__ = config.TrainConfig.__doc__ + """
    colour_of_the_cat
        What colour the cat has.
    """
names = tuple(field.name for field in dataclasses.fields(More))
for module in (runs, config, layers):
    module.TrainConfig, module.SETTING_NAMES = More, names
'''


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", ADDED + code, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_new_setting_is_in_the_help() -> None:
    shown = run("from unnoise.cli.train import app; app(['--help'])")
    assert "--colour-of-the-cat INT" in shown
    assert "What colour the cat has." in shown


def test_a_new_setting_is_in_the_signature_and_the_help_of_python() -> None:
    shown = run(
        "import inspect, unnoise; print(inspect.signature(unnoise.train), unnoise.train.__doc__)"
    )
    assert "colour_of_the_cat: int | None = None" in shown
    assert "What colour the cat has." in shown


def test_a_new_setting_is_read_from_toml(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("colour_of_the_cat = 7\n")
    code = (
        "from pathlib import Path\n"
        "read = runs.layer_settings({}, file=Path(sys.argv[1]))\n"
        "print(read.colour_of_the_cat, layers.to_toml(dataclasses.asdict(read)))"
    )
    shown = run(code, str(tmp_path / "c.toml"))
    assert shown.startswith("7 ")
    assert "colour_of_the_cat = 7\n" in shown
