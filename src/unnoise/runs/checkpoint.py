"""The checkpoint: one file with everything that resuming needs."""

import io
from pathlib import Path
from typing import Any

from unnoise.errors import RunError
from unnoise.outputs import write_bytes

PARTICIPANTS = ("model", "average", "selected", "optimizer", "step", "seconds", "config")


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state of every participant, whole or not at all."""
    assert set(state) == set(PARTICIPANTS), sorted(state)
    import torch  # slow to load, and the command line reads configs without it

    # torch.save reports a full disk as an internal error of its archive; a plain write names it.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_bytes(path, buffer.getvalue())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; only tensors and plain values are unpickled.

    Raises:
        RunError: There is none, or it is damaged.
    """
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
