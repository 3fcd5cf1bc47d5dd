"""``unnoise figure``."""

import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

from unnoise.cli.applied import APPLIED, READ, RUN_BY, Applied, Read, RunBy
from unnoise.cli.console import verb_app
from unnoise.cli.options import Model, Overwrite

app = verb_app("figure")


@app.default
def figure(
    model: Model,
    image: str,
    /,
    *,
    out: Path = Path("figure.png"),
    crop: tuple[int, int, int] | None = None,
    index: int = 0,
    channel: int | None = None,
    options: Applied = APPLIED,
    read: Read = READ,
    overwrite: Overwrite = False,
    running: RunBy = RUN_BY,
) -> None:
    """Draw a slide of one image: before, after and removed, with an enlarged part of each.

    Low contrast is stretched, and the slide says so. A scale bar is drawn if a TIFF file states the
    size of its pixels (OME, ImageJ, or a resolution with its unit).

    Parameters
    ----------
    image
        The file.
    out
        The picture to write: .png, .jpg or .webp.
    crop
        The part to enlarge: top row, left column and side, in pixels of the upright image.
        [default: the part with the most structure]
    index
        The number of the image in a stack, from 0.
    channel
        The number of the channel, from 0, where channels are not colours. [default: the first]
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
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif value is not None:
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{option}", *map(str, values)]
    return shlex.join(words)
