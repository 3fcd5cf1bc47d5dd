"""``unnoise show``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unnoise.cli.console import speaker, verb_app
from unnoise.errors import ConfigError
from unnoise.images import ReadOptions

MAX_COLUMNS = 100

app = verb_app("show")


@app.default
def show(
    data: str = "digits",
    /,
    *,
    noise: str | None = None,
    read: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008  frozen
    out: Path = Path("grid.png"),
    columns: int = 10,
    seed: int = 0,
    data_dir: Path | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> None:
    """Draw images and, under them, what a noise does to them, as a PNG.

    Parameters
    ----------
    data
        A named dataset, or a file, folder or pattern of images.
    noise
        The corruption, such as gaussian:0.3,clip. [default: that of the dataset]
    out
        The picture to write.
    columns
        Images a row.
    seed
        Decides the noise.
    data_dir
        Where to look for named datasets first.
    overwrite
        Replace the picture if it exists.
    quiet
        No messages but errors.
    """
    from unnoise.api.showing import draw_noise

    if not 1 <= columns <= MAX_COLUMNS:
        raise ConfigError(f"columns is {columns}: it must be 1 to {MAX_COLUMNS}")
    draw_noise(
        data,
        out,
        noise=noise,
        read=read,
        columns=columns,
        seed=seed,
        data_dir=data_dir,
        overwrite=overwrite,
        say=speaker(quiet=quiet),
    )
    print(out)
