"""An empty environment, into which a check installs the package as a user would, by plain pip."""

import os
import venv
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, run

ROOT = Path(__file__).parents[1]
Command = list[str | Path]


@dataclass(frozen=True)
class EmptyEnvironment:
    """A virtual environment of its own; nothing of the source tree is seen in it."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "EmptyEnvironment":
        """Make it; it holds pip and no more."""
        venv.create(folder, with_pip=True)
        return cls(folder)

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin/python"

    @property
    def unnoise(self) -> Path:
        """The command, once the package is installed."""
        return self.folder / "bin/unnoise"

    @property
    def megabytes(self) -> float:
        """Its size, in units of 10**6 bytes."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file()) / 1e6

    def install(self, *packages: str | Path) -> None:
        """Install packages in the versions of ``constraints.txt``."""
        pip: Command = [self.python, "-m", "pip", "install", "--quiet"]
        options: Command = ["--disable-pip-version-check", "-c", ROOT / "constraints.txt"]
        self.run([*pip, *options, *packages])

    def run(self, command: Command, *, folder: Path | None = None) -> CompletedProcess[str]:
        """Run a command that must succeed, and return what it printed on standard output."""
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return run(command, check=True, text=True, stdout=-1, env=clean, cwd=folder)
