"""``unnoise show``."""

from pathlib import Path

from unnoise.cli.applied import READ, Read
from unnoise.cli.console import speaker, verb_app
from unnoise.cli.options import DataDir, Overwrite, Quiet
from unnoise.errors import ConfigError

MAX_COLUMNS = 100

app = verb_app("show")


@app.default
def show(
    data: str = "digits",
    /,
    *,
    noise: str | None = None,
    read: Read = READ,
    out: Path = Path("grid.png"),
    columns: int = 10,
    seed: int = 0,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Draw images with a noise below them, as a PNG.

    Parameters
    ----------
    data
        A named dataset, or a file, folder or pattern of images.
    noise
        The corruption, such as gaussian:0.3,clip. [default: the noise of the dataset]
    out
        The picture to write.
    columns
        Images in a row.
    seed
        Decides the noise.
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
