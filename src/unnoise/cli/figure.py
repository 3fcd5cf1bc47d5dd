"""``unnoise figure``."""

import shlex
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from unnoise.cli.console import verb_app
from unnoise.denoiser.options import DenoiseOptions
from unnoise.denoiser.running import Running
from unnoise.images.files import ReadOptions

app = verb_app("figure")


@app.default
def figure(
    model: str,
    image: str,
    /,
    *,
    out: Path = Path("figure.png"),
    crop: tuple[int, int, int] | None = None,
    index: int = 0,
    channel: int | None = None,
    options: Annotated[DenoiseOptions, Parameter(name="*")] = DenoiseOptions(),  # noqa: B008  frozen
    read: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008  frozen
    overwrite: bool = False,
    running: Annotated[Running, Parameter(name="*")] = Running(),  # noqa: B008  frozen
) -> None:
    """Draw a slide of one image: before, after and removed, with an enlarged part of each.

    Contrast is stretched where it is low, and the slide says so. There is a scale bar where a TIFF
    file states the size of its pixels (OME, ImageJ, or a resolution with its unit).

    Parameters
    ----------
    model
        A model file, a run folder, or photo or fluorescence, which come with unnoise.
    image
        The file.
    out
        The picture to write: .png, .jpg or .webp.
    crop
        The top row, left column and side of the part to enlarge, in pixels of the upright image.
        [default: the part with the most structure]
    index
        Which image of a stack, from 0.
    channel
        Which channel, from 0, of several that are no colours. [default: the first]
    overwrite
        Replace the picture if it exists.
    """
    from unnoise.api.showing import figure as draw_figure

    said: dict[str, Any] = {"out": out, "crop": crop, "index": index or None, "channel": channel}
    for given in (options, read):
        for field in fields(given):
            value = getattr(given, field.name)
            said[field.name] = None if value == field.default else value
    path = draw_figure(
        running.load(model),
        image,
        out,
        crop=crop,
        index=index,
        channel=channel,
        read=read,
        options=options,
        command=_command(model, image, said),
        overwrite=overwrite,
    )
    print(path)


def _command(model: str, image: str, said: dict[str, Any]) -> str:
    """Return the command that makes the same slide again."""
    words = ["unnoise", "figure", model, image]
    for name, value in said.items():
        if value is not None:
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return shlex.join(words)
