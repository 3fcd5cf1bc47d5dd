"""A denoiser as a file of other programs, with the facts and the example that these show."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from unnoise.api.common import ignore
from unnoise.api.denoising import load
from unnoise.api.sharing import made_for, short, stem, title_of
from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError, UnnoiseError
from unnoise.images import read_stack
from unnoise.pretrained import AUTHOR, DATA_LICENSES, EXAMPLES, LICENSE, PRETRAINED
from unnoise.runs import RunFolder
from unnoise.seeding import generator
from unnoise.types import Floats

if TYPE_CHECKING:
    from unnoise.exporters import Exported

Format = Literal["auto", "onnx", "darktable", "bioimage", "hub"]
ENDINGS = {".onnx": "onnx", ".dtmodel": "darktable", ".zip": "bioimage"}
OPSET = 20


def export(
    model: Denoiser | str | Path,
    path: str | Path,
    *,
    format: Format = "auto",  # noqa: A002  the word of the option
    opset: int = OPSET,
    half: bool = False,
    id: str | None = None,  # noqa: A002  the word of the option
    name: str | None = None,
    author: str | None = None,
    license: str | None = None,  # noqa: A002  the word of the option
    overwrite: bool = False,
) -> "Exported | None":
    """Write a denoiser for other programs or people.

    Args:
        model: A denoiser, or an argument of ``unnoise.load``.
        format: ``onnx``; ``darktable`` (a ``.dtmodel`` file); ``bioimage`` (a ``.zip`` for the
            BioImage Model Zoo); ``hub`` (a folder for Hugging Face); or ``auto``, by the ending.
        opset: The version of the operators of an ONNX file.
        half: Keep the weights of an ONNX file in half precision.
        id: The identifier of the model in darktable.
        name: The name that darktable and the zoo show.
        author: Who trained the model, for darktable and the zoo.
        license: The SPDX identifier of the licence of the weights, for them.
        overwrite: Whether an existing file or folder may be replaced.

    Returns:
        For a file: its size, its comparison with torch, and notes on what it lacks.

    Raises:
        ConfigError: The name does not decide the format, or options do not belong to it.
        ModelError: The model does not suit the format, or the file gives other images than torch.
        OutputError: The file exists, or it cannot be written.
    """
    path = Path(path)
    kind = _format(path, format)
    _check_options(
        kind, onnx=half or opset != OPSET, named=name or author or license, identifier=id
    )
    denoiser = model if isinstance(model, Denoiser) else load(model, device="cpu", precision="fp32")
    from unnoise import exporters

    if kind == "hub":
        exporters.write_hub_folder(denoiser, path, overwrite=overwrite)
        return None
    if kind == "onnx":
        return exporters.write_onnx(denoiser, path, opset=opset, half=half, overwrite=overwrite)
    place = None if isinstance(model, Denoiser) else str(model)
    known = place in PRETRAINED
    title = stem(place) if place else "denoiser"
    about = exporters.About(
        name=name or f"unnoise {title}",
        summary=title_of(denoiser, place),
        scope=made_for(denoiser, place),
        data=short(denoiser.info.data),
        data_license=DATA_LICENSES.get(place or ""),
        author=author or (AUTHOR if known else None),
        license=license or (LICENSE if known else None),
    )
    if kind == "darktable":
        return exporters.write_darktable(denoiser, path, about, id=id, overwrite=overwrite)
    example, notes = _example(denoiser, place)
    made = exporters.write_bioimage(denoiser, path, about, example, overwrite=overwrite)
    return replace(made, notes=(*made.notes, *notes))


def _format(path: Path, asked: Format) -> str:
    """Return the format of a file that is to be written."""
    if asked != "auto":
        return asked
    found = ENDINGS.get(path.suffix)
    if found is None:
        listed = ", ".join(f"{ending} ({kind})" for ending, kind in ENDINGS.items())
        raise ConfigError(
            f"{path} has no ending of a format: use {listed}, or pass --format hub for a folder"
        )
    return found


def _check_options(kind: str, *, onnx: bool, named: str | None, identifier: str | None) -> None:
    """Raise ``ConfigError`` for options that another format has."""
    if onnx and kind != "onnx":
        raise ConfigError(f"half and opset are for ONNX files: leave them out with {kind}")
    if named is not None and kind not in ("darktable", "bioimage"):
        raise ConfigError(
            f"name, author and license are for darktable and bioimage: leave them out with {kind}"
        )
    if identifier is not None and kind != "darktable":
        raise ConfigError(f"id is for darktable: leave it out with {kind}")


def _example(denoiser: Denoiser, place: str | None) -> tuple[Floats, tuple[str, ...]]:
    """Return a noisy image ``(C, H, W)`` in the scale of a model, and a note on its origin."""
    if place in EXAMPLES:
        return _read_example(place, denoiser.info.channels), ()
    path = Path(place or "")
    run = RunFolder(path if path.is_dir() else path.parent)
    if place is not None and run.config.is_file():
        with suppress(UnnoiseError):
            return _held_out(denoiser, run), ()
    return _read_example("photo", denoiser.info.channels), (
        "test image and cover show a photograph, because no run folder with held-out images lies "
        "beside the model",
    )


def _held_out(denoiser: Denoiser, run: RunFolder) -> Floats:
    """Return the first held-out image of a run, with its noise."""
    from unnoise.api.judging import first_ready
    from unnoise.api.reporting import held_out_of

    views = held_out_of(run.read_config(), run, ignore).shown
    first = first_ready(denoiser, views, denoiser.info.noise, generator(0, "example"))
    return np.asarray(first.noisy[0])


def _read_example(name: str, channels: int) -> Floats:
    """Return the example of a model in the package, with this number of channels."""
    stack, _ = read_stack(EXAMPLES[name])
    image: Floats = np.moveaxis(stack[0].astype(np.float32) / 255, -1, 0)
    if channels == len(image):
        return image
    return np.asarray(image.mean(axis=0, keepdims=True).repeat(channels, axis=0), np.float32)
