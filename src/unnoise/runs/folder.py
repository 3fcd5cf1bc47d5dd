"""The folder of one run and what lies in it."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unnoise.errors import RunError
from unnoise.locking import alone
from unnoise.outputs import check_writable, remove_leftovers, write_text
from unnoise.runs.asking import asked_table, fixed, parse_asked
from unnoise.runs.checkpoint import load_checkpoint, save_checkpoint
from unnoise.runs.config import Setting, Settings, TrainConfig
from unnoise.runs.layers import layer_settings, to_toml
from unnoise.runs.model_file import read_model_file

Row = dict[str, float]

RENAMED = {"images_per_second": "samples_per_second"}  # columns of earlier versions


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run: a handle, nothing is read or written before it is asked for."""

    path: Path

    @property
    def config(self) -> Path:
        """The settings, complete: training with them repeats the run."""
        return self.path / "config.toml"

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.path / "model.safetensors"

    @property
    def init(self) -> Path:
        """The model that a fine-tuning started from: a run needs nothing outside of its folder."""
        return self.path / "init.safetensors"

    @property
    def checkpoint(self) -> Path:
        """What resuming needs."""
        return self.path / "checkpoint.pt"

    @property
    def metrics(self) -> Path:
        """One row per validation."""
        return self.path / "metrics.csv"

    @property
    def preview(self) -> Path:
        """Clean, noisy and denoised examples."""
        return self.path / "preview.png"

    @property
    def held_out(self) -> Path:
        """Images that training did not see, for the preview and the report."""
        return self.path / "held_out.npz"

    @property
    def report(self) -> Path:
        """The quality report."""
        return self.path / "report.html"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make the folder, and keep other trainings out of it.

        Raises:
            OutputError: Another command works there, or nothing can be written there.
        """
        check_writable(self.path)
        with alone(self.path):
            yield

    def check_free(self, *, overwrite: bool) -> None:
        """Make sure, before any work, that no run would be lost.

        Raises:
            RunError: There is a run in the folder already and ``overwrite`` is false.
        """
        if overwrite:
            return
        if self.config.exists():
            raise RunError(
                f"{self.path} holds a run already: go on with it (train --resume), choose another "
                "folder, or pass --overwrite to lose it"
            )
        if self.model.exists():
            raise RunError(
                f"{self.path} holds a model, and no run to go on with: choose another folder, or "
                "pass --overwrite to lose it"
            )

    def begin(
        self, config: TrainConfig, state: dict[str, Any], *, note: str, asked: Settings
    ) -> None:
        """Replace the files of an earlier run by a first checkpoint and the config.

        The config begins with a note on the method, as a comment, and ends with the settings that
        the user gave. It is written last: wherever this is cut off, the folder holds a whole run or
        none.

        Raises:
            OutputError: Nothing can be written there.
        """
        remove_leftovers(self.path)
        self.config.unlink(missing_ok=True)
        for old in (self.model, self.metrics, self.held_out, self.preview, self.report):
            old.unlink(missing_ok=True)
        text = _config_text(config, note, asked)
        save_checkpoint(self.checkpoint, {**state, "config": text})
        write_text(self.config, text)

    def change(self, config: TrainConfig, *, asked: Settings) -> None:
        """Replace the settings that may change while a run goes on; see ``load``."""
        text = _config_text(config, self.read_note(), asked)
        if text != self.config.read_text(encoding="utf-8", errors="surrogateescape"):
            write_text(self.config, text)

    def save(self, state: dict[str, Any]) -> None:
        """Write a checkpoint of a run that was begun."""
        text = self.config.read_text(encoding="utf-8", errors="surrogateescape")
        save_checkpoint(self.checkpoint, {**state, "config": text})

    def load(self) -> dict[str, Any]:
        """Read the checkpoint; it may be of another length or device than the config says now.

        Raises:
            RunError: There is none, it is damaged, or it belongs to another config.
        """
        remove_leftovers(self.path)
        state = load_checkpoint(self.checkpoint)
        if fixed(state["config"]) != fixed(
            self.config.read_text(encoding="utf-8", errors="surrogateescape")
        ):
            raise RunError(
                f"the checkpoint in {self.path} does not fit its {self.config.name}, which was "
                "changed since: undo the change, or train anew with --config and another --out"
            )
        return state

    def finished_steps(self) -> float:
        """Return how many steps the model in the folder was trained for; 0 if there is none."""
        if not self.model.is_file():
            return 0
        return read_model_file(self.model)[0].trained.get("steps", 0)

    def clear_results(self) -> bool:
        """Remove what shows an earlier model, before a new one comes; return if a report went."""
        reported = self.report.exists()
        for old in (self.held_out, self.preview, self.report):
            old.unlink(missing_ok=True)
        return reported

    def read_note(self) -> str:
        """Read the note on the method that the config begins with."""
        lines = self.config.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        return "\n".join(line[2:] for line in lines if line.startswith("# "))

    def read_config(self) -> TrainConfig:
        """Read the config of a run that was begun.

        Raises:
            RunError: There is no run in the folder.
        """
        if not self.config.is_file():
            raise RunError(f"{self.path} holds no run: there is no {self.config.name} in it")
        return layer_settings({}, file=self.config)

    def read_asked(self) -> dict[str, Setting]:
        """Read the settings that the user gave, where the complete config differs."""
        return parse_asked(self.config.read_text(encoding="utf-8", errors="surrogateescape"))

    def write_metrics(self, rows: Sequence[Row]) -> None:
        """Write all rows so far; every row has the same keys."""
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.metrics, text.getvalue())

    def read_metrics(self) -> list[Row]:
        """Read the rows; none if there was no validation yet."""
        if not self.metrics.is_file():
            return []
        with self.metrics.open(newline="", encoding="utf-8") as file:
            return [
                {RENAMED.get(key, key): float(value) for key, value in row.items()}
                for row in csv.DictReader(file)
            ]


def _config_text(config: TrainConfig, note: str, asked: Settings) -> str:
    comments = "".join(f"# {line}\n" for line in note.splitlines())
    return comments + to_toml(config) + asked_table(asked)
