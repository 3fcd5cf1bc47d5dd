"""The folder of one run and what lies in it."""

import csv
import io
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unnoise.errors import RunError
from unnoise.locking import alone
from unnoise.outputs import check_writable, remove_leftovers, write_bytes, write_text
from unnoise.runs.asking import asked_table, fixed, parse_asked
from unnoise.runs.config import Setting, Settings, TrainConfig
from unnoise.runs.layers import layer_settings, to_toml
from unnoise.runs.model_file import CHECKPOINT, read_model_file

Row = dict[str, float]

PARTICIPANTS = ("model", "average", "selected", "optimizer", "step", "seconds", "config")
RENAMED = {"images_per_second": "samples_per_second"}  # columns of earlier versions


class RunFolder:
    """The paths of a run; it reads and writes nothing before a method is called."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.toml"  # complete: training with it repeats the run
        self.model = path / "model.safetensors"
        self.init = path / "init.safetensors"  # the model that a fine-tuning started from
        self.checkpoint = path / CHECKPOINT
        self.metrics = path / "metrics.csv"  # one row for each validation
        self.preview = path / "preview.png"  # clean, noisy and denoised examples
        self.held_out = path / "held_out.npz"  # images for the preview and the report
        self.report = path / "report.html"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make the folder, and keep other trainings out of it."""
        check_writable(self.path)
        with alone(self.path):
            yield

    def check_free(self, *, overwrite: bool) -> None:
        """Raise ``RunError`` if a run would be lost."""
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

        The config is written last: wherever this is cut off, the folder holds a whole run or none.
        """
        remove_leftovers(self.path)
        for old in (self.config, self.model, self.metrics):
            old.unlink(missing_ok=True)
        self.clear_results()
        text = _config_text(config, note, asked)
        _save_checkpoint(self.checkpoint, {**state, "config": text})
        write_text(self.config, text)

    def change(self, config: TrainConfig, *, asked: Settings) -> None:
        """Replace the settings that may change while a run goes on; see ``load``."""
        text = _config_text(config, self.read_note(), asked)
        if text != self._text():
            write_text(self.config, text)

    def save(self, state: dict[str, Any]) -> None:
        """Write a checkpoint of a run that was begun."""
        _save_checkpoint(self.checkpoint, {**state, "config": self._text()})

    def load(self) -> dict[str, Any]:
        """Read the checkpoint; it may be of another length or device than the config says now.

        Raises:
            RunError: There is none, it is damaged, or it belongs to another config.
        """
        remove_leftovers(self.path)
        state = _load_checkpoint(self.checkpoint)
        if fixed(state["config"]) != fixed(self._text()):
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
        lines = self._text().splitlines()
        return "\n".join(line[2:] for line in lines if line.startswith("# "))

    def read_config(self) -> TrainConfig:
        """Read the config; raise ``RunError`` if there is no run in the folder."""
        if not self.config.is_file():
            raise RunError(f"{self.path} holds no run: there is no {self.config.name} in it")
        # Runs of earlier versions have no depth, and saw each image alone.
        before = {} if "depth" in tomllib.loads(self._text()) else {"depth": "1"}
        return layer_settings(before, file=self.config)

    def read_asked(self) -> dict[str, Setting]:
        """Read the settings that the user gave, where the complete config differs."""
        return parse_asked(self._text())

    def _text(self) -> str:
        return self.config.read_text(encoding="utf-8", errors="surrogateescape")

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
    """Return the note as a comment, the settings, and those that the user gave."""
    comments = "".join(f"# {line}\n" for line in note.splitlines())
    return comments + to_toml(asdict(config)) + asked_table(asked)


def _save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state of every participant, whole or not at all."""
    assert set(state) == set(PARTICIPANTS), sorted(state)
    import torch  # slow to load, and the command line reads configs without it

    # torch.save reports a full disk as an internal error of its archive; a plain write names it.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_bytes(path, buffer.getvalue())


def _load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; only tensors and plain values are unpickled."""
    if not path.is_file():
        raise RunError(
            f"{path.parent} has no {path.name}, so there is nothing to resume: "
            "train it again with --overwrite"
        )
    import torch

    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise RunError(f"cannot read the checkpoint {path}: {error.strerror or error}") from error
    except Exception as error:  # the restricted unpickler lets through whatever the bytes cause
        reason = " ".join(str(error).split())[:200]
        raise RunError(
            f"cannot read the checkpoint {path}: {reason}; start the run again with --overwrite"
        ) from error
    if not isinstance(state, dict) or set(state) != set(PARTICIPANTS):
        raise RunError(f"{path} is no checkpoint of unnoise: start the run again with --overwrite")
    return state
