"""``unnoise train``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, Unpack, get_type_hints

from cyclopts import Parameter
from docstring_parser import parse

from unnoise.cli.console import print_json, speaker, training_progress, verb_app
from unnoise.cli.options import Json, Overwrite, Quiet
from unnoise.errors import ConfigError
from unnoise.runs import RunFolder, TrainConfig

if TYPE_CHECKING:
    from unnoise.types import Say

app = verb_app("train")


def _settings() -> Any:
    """Return the settings as options; the parser passes those that were given."""
    said = {
        each.arg_name: each.description or "" for each in parse(TrainConfig.__doc__ or "").params
    }
    types = get_type_hints(TrainConfig)
    options: dict[str, Any] = {}
    for field in fields(TrainConfig):
        text = " ".join(said[field.name].split())
        if field.default not in (None, MISSING):
            text += f" [default: {field.default}]"
        options[field.name] = Annotated[types[field.name], Parameter(help=text)]
    made: Any = TypedDict  # of settings that are known only now
    return made("Options", options, total=False)


def train(
    data: str | None = None,
    /,
    *,
    preset: str | None = None,
    config: Path | None = None,
    out: Path | None = None,
    resume: bool = False,
    overwrite: Overwrite = False,
    timeout: float = 300.0,
    dry_run: bool = False,
    quiet: Quiet = False,
    json: Json = False,
    **settings: Any,
) -> None:
    """Train a denoiser on your images, and write a run folder.

    DATA are noisy images with clean ones (--targets), clean images with a noise (--noise), or noisy
    images alone. Without arguments, the digits in the package are used. With several GPUs, or on
    several machines: torchrun --nproc-per-node 4 -m unnoise train DATA ...

    Parameters
    ----------
    data
        A named dataset, a file, a folder (with its subfolders), or a pattern in quotes; or tar
        shards, as "train-{000..099}.tar", or a zarr array, also by URL.
    preset
        A named set of settings: classic is the recipe of the tutorial, features learns what a
        classifier needs of small images.
    config
        A TOML file of settings, such as the config.toml of a run.
    out
        The run folder. [default: runs/DATA, or runs/DATA-MODEL with --model]
    resume
        Continue the run in that folder; begin it if there is none; show its result if it is
        complete. Settings that you leave out are taken from the run; the others must equal those of
        the run. --device, --compile and --data-dir may differ, and a longer --steps, --epochs or
        --minutes trains further.
    timeout
        Where torchrun started several processes: seconds that one waits for the others.
    dry_run
        Print what a training would do, after a few steps that measure time and memory; write
        nothing.
    """
    from unnoise.api.common import ignore
    from unnoise.api.reporting import draw_preview
    from unnoise.api.training import default_out, forecast
    from unnoise.api.training import train as train_denoiser
    from unnoise.training import is_first

    first = is_first()  # of the processes that torchrun started; the others print nothing
    said = dict(settings)
    if data is not None:
        if "data" in said:
            raise ConfigError("the data is given twice: as DATA and as --data")
        said["data"] = data
    say = speaker(quiet=quiet)
    if dry_run:
        if resume:
            raise ConfigError("--dry-run is for a new run, and --resume continues one: drop one")
        if first:
            _print_forecast(forecast(said, preset=preset, config=config, say=say), json=json)
        return
    out = out or default_out(said, preset=preset, config=config)
    with (
        training_progress(quiet=quiet or not first) as report,
        _told_how_to_go_on(out, say if first else ignore),
    ):
        denoiser = train_denoiser(
            **said,
            preset=preset,
            config=config,
            out=out,
            resume=resume,
            overwrite=overwrite,
            timeout=timeout,
            say=say,
            report=report,
        )
    if not first:
        return
    preview = draw_preview(out)
    trained = denoiser.info.trained
    if json:
        print_json({"run": str(out), "preview": str(preview), **denoiser.describe()})
        return
    if "psnr" in trained:
        print(
            f"PSNR on held-out images: noisy {trained['noisy_psnr']:.2f} dB, "
            f"denoised {trained['psnr']:.2f} dB"
        )
        if trained["psnr"] <= trained["noisy_psnr"]:
            say(
                "the model makes held-out images worse: train longer, check with unnoise show that "
                "pairs match, and that --noise is the noise of your images"
            )
    else:
        print(f"risk on held-out pixels: {trained['risk']:.6f}, the lowest of the run")
    print(f"model: {out / 'model.safetensors'}   picture: {preview}")


train.__annotations__["settings"] = Unpack[_settings()]
app.default(train)


@contextmanager
def _told_how_to_go_on(out: Path, say: "Say") -> Iterator[None]:
    """Say how to continue if a training is interrupted after its first checkpoint."""
    try:
        yield
    except KeyboardInterrupt:
        if RunFolder(out).checkpoint.is_file():
            say(f"go on with: unnoise train --resume --out {out}")
        raise


def _print_forecast(forecast: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(forecast)
        return
    for name, value in forecast.items():
        print(f"{name.replace('_', ' '):<16} {value}")
