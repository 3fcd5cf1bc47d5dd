"""The work behind the widget *Denoise*: a part of a layer through files, its verdict, its maps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from unnoise.api.denoising import denoise_files, load, load_built_ins
from unnoise.api.one_file import FileResult
from unnoise.denoiser import DenoiseOptions, Denoiser, Outputs
from unnoise.denoiser.together import beside
from unnoise.errors import ImageError
from unnoise.images import ReadOptions, open_image
from unnoise.napari_plugin.layers import Part
from unnoise.trust import inspect
from unnoise.types import Array

AUTOMATIC = "automatic"
MAPS = {"removed": "removed", "structure": "removed structure", "error": "expected error"}


@dataclass(frozen=True)
class Outcome:
    """A result, and what is known about it."""

    image: Array
    part: Part
    result: FileResult
    maps: Mapping[str, Array] = field(default_factory=dict)  # (H, W), of one image

    @property
    def verdict(self) -> str:
        """The verdict, its reasons, and notes, in lines."""
        found = self.result
        lines = [found.verdict or "no verdict: the model has no calibration", *found.reasons]
        if found.chosen:
            lines.append(f"model: {found.model} ({found.chosen})")
        return "\n".join([*lines, *found.notes])

    @property
    def layers(self) -> list[tuple[Array, dict[str, Any], str]]:
        """The result and the maps as napari takes them."""
        part, facts = self.part, self.result
        said = {"verdict": facts.verdict, "reasons": facts.reasons, "model": facts.model}
        known = {"unnoise": said}
        name = f"{part.name} denoised"
        made = [(self.image, {**part.shown, "name": name, "metadata": known}, "image")]
        place = {key: part.shown[key][-2:] for key in ("scale", "translate", "units")}
        for key, values in self.maps.items():
            shown = {"name": f"{part.name}, {MAPS[key]}", "visible": False}
            colours = {} if key == "removed" else {"colormap": "inferno"}
            made.append((values, {**shown, **colours, **place}, "image"))
        return made


def run(
    part: Part,
    *,
    model: str,
    options: DenoiseOptions,
    maps: bool,
    report: Callable[[float], None],
) -> Outcome:
    """Denoise a part of a layer.

    Args:
        part: What is read.
        model: ``automatic`` chooses of the models in the package; else an argument of
            ``unnoise.load``.
        options: How the model is applied.
        maps: Whether maps of the first image are drawn.
        report: Called with the share that is done, up to 1; it may raise to end the work.

    Raises:
        UnnoiseError: The model or the values do not suit.
    """
    read = ReadOptions(axes=part.axes, max_pixels=0, nan="keep")
    denoisers = _built_in() if model == AUTOMATIC else {model: _loaded(model, _written(model))}
    if part.alone and any(each.info.depth for each in denoisers.values()):
        raise ImageError(
            "this model sees neighbouring images of a stack: denoise the whole layer with it"
        )
    with TemporaryDirectory(prefix="unnoise-napari-", ignore_cleanup_errors=True) as name:
        path = _saved(part, Path(name))
        target = path.with_stem("result")
        report(0.0)
        denoiser = denoisers if model == AUTOMATIC else denoisers[model]
        outputs = Outputs(out=target)
        (result,) = denoise_files(
            denoiser, [path], outputs=outputs, read=read, options=options,
            progress=lambda done, _: report(done),
        )  # fmt: skip
        if result.error is not None:
            raise ImageError(result.error.replace(str(path), part.name))
        image = np.load(target) if target.suffix == ".npy" else _read_tiff(target)
        found = _maps(denoisers[result.model or model], path, read) if maps else {}
    return Outcome(image, part, replace(result, input=part.name, output=None), found)


def _saved(part: Part, folder: Path) -> Path:
    """Write a part into a file that states whether its channels are colours."""
    path = folder / "layer.npy"
    part.save(path)
    if "C" not in part.axes or part.colours:
        return path
    import tifffile

    stains = path.with_suffix(".tif")  # a .npy file would leave it open what channels are
    values = np.load(path, mmap_mode="r")
    axes = {"axes": part.axes}
    tifffile.imwrite(stains, values, photometric="minisblack", metadata=axes)
    return stains


def _read_tiff(path: Path) -> Array:
    import tifffile

    return np.asarray(tifffile.imread(path))


def _maps(denoiser: Denoiser, path: Path, read: ReadOptions) -> dict[str, Array]:
    """Return the maps of the first image of a file."""
    with open_image(path, read) as reader:
        view = denoiser.sight.of_reader(reader, DenoiseOptions())
        together = beside(reader, view.around).image(0) if view.around else None
        image = reader.image(0)
        found = inspect(denoiser, image, axes="YXC", view=view, together=together)
    return {name: np.asarray(found.maps[name]) for name in MAPS if name in found.maps}


@cache
def _built_in() -> dict[str, Denoiser]:
    return load_built_ins()


def _written(model: str) -> int:
    """Return when the file of a model was written, so that a new one is loaded."""
    path = Path(model)
    file = path / "model.safetensors" if path.is_dir() else path
    return file.stat().st_mtime_ns if file.is_file() else 0


@cache
def _loaded(model: str, written: int) -> Denoiser:  # noqa: ARG001  part of the key
    return load(model)
