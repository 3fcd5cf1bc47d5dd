"""``unnoise.train``: from settings to a trained denoiser and its run folder."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from unnoise.api.common import ARRAY_NAME, Report, Source, ignore, print_message
from unnoise.api.running import Run
from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError
from unnoise.runs import RunFolder, TrainConfig, choose_settings
from unnoise.signatures import takes_fields
from unnoise.training import process_group
from unnoise.types import Say

TIMEOUT = 300.0  # seconds


@takes_fields(TrainConfig, optional=True)
def train(
    data: Source | None = None,
    *,
    targets: Source | None = None,
    noisy: Source | None = None,
    preset: str | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    timeout: float = TIMEOUT,
    say: Say = print_message,
    report: Report = ignore,
    **settings: Any,
) -> Denoiser:
    """Train a denoiser, with all processes that ``torchrun`` started.

    Every setting that is None comes from ``config``, else from ``preset``, else from the defaults.

    With ``resume``, the run in ``out`` is continued, to the same weights as if it had not been
    stopped. If there is none, it begins; if it is complete, its denoiser is returned. Settings that
    are None are then taken from the run, and the others must equal those of the run. ``device``,
    ``compile`` and ``data_dir`` may differ, and a longer length trains further.

    Args:
        data: A named dataset (``digits``, ``mnist``, ``fashion-mnist``), a file, folder or pattern,
            or an array: ``(H, W)``, ``(H, W, C)``, ``(N, H, W, C)``, others with ``axes``; or a
            list of arrays of any sizes. Tensors of torch and pictures of PIL are arrays, too.
        targets: The clean version of each image, matched by name; or an array of the same shape.
        noisy: For ``noise="auto"``: noisy images of any scenes, whose noise is estimated
            (``unnoise.noise_model``).
        preset: A named set of settings: ``classic`` or ``features``.
        config: A TOML file of settings.
        out: The run folder to write; None keeps nothing on disk.
        resume: Whether to continue the run in that folder.
        overwrite: Whether a run in that folder may be replaced.
        timeout: Seconds that a process waits for the others, where torchrun started several.
        say: Called with messages, such as before a download; the default prints them on standard
            error.
        report: Called with the progress.
        **settings: The settings below, such as ``noise="gaussian:0.1"`` or ``minutes=2``; None is
            the same as leaving one out.

    Returns:
        The trained denoiser. The first process calibrates it and writes the run folder.

    Raises:
        UnnoiseError: A subclass of it; its message states what to try.
    """
    sources = {"data": data, "targets": targets, "noisy": noisy}
    given = {name: _name(source) for name, source in sources.items()} | {
        name: str(value) if isinstance(value, Path) else value for name, value in settings.items()
    }
    said = {name: value for name, value in given.items() if value is not None}
    now = choose_settings(said, preset=preset, file=Path(config) if config else None)
    if resume and overwrite:
        raise ConfigError("--resume continues a run, and --overwrite removes it: pass one of them")
    if resume and out is None:
        raise ConfigError("--resume needs --out, the run folder to go on with")
    folder = RunFolder(Path(out)) if out is not None else None
    with ExitStack() as closing:
        with process_group(seconds=timeout) as world:
            run = Run(folder, world, say, report, closing)
            if run.goes_on(now, resume=resume):
                trained = run.go_on(now, data, targets)
            else:
                trained = run.begin(now, data, targets, noisy, overwrite=overwrite)
        return run.finish(trained)


def _name(source: Source | None) -> str | None:
    if source is None:
        return None
    return str(source) if isinstance(source, str | Path) else ARRAY_NAME
