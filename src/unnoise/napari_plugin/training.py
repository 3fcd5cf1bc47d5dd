"""The work behind the widget *Train*: layers become files, and files a run folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unnoise.api.training import forecast, train
from unnoise.data import match_pairs
from unnoise.errors import ConfigError, ImageError
from unnoise.napari_plugin.layers import Part
from unnoise.training import Enough, Progress
from unnoise.types import Floats

NOISY, CLEAN = "noisy", "clean"
RUN = "unnoise-run"


@dataclass(frozen=True)
class Seen:
    """The progress of a training, as the widget shows it."""

    share: float
    step: int
    loss: float
    quality: float | None = None  # PSNR in dB where there are clean images, else the risk
    psnr: bool = False  # which of both it is
    example: tuple[Floats, Floats] | None = None  # (C, H, W) before and after


def save_parts(noisy: Sequence[Part], clean: Sequence[Part], folder: Path) -> dict[str, Any]:
    """Write layers as files, and return the settings of a training on them.

    Raises:
        ConfigError: There is no layer, or the clean ones are not as many as the noisy ones.
        DataError: The names of the layers do not say which belong together.
        ImageError: The axes of the layers differ.
    """
    if not noisy:
        raise ConfigError("choose at least one noisy layer")
    if clean and len(clean) != len(noisy):
        raise ConfigError(
            f"{len(noisy)} noisy and {len(clean)} clean layers were chosen: pairs need one clean "
            "layer for each noisy one"
        )
    if clean:
        pairs = match_pairs([each.name for each in noisy], [each.name for each in clean])
        noisy, clean = [noisy[a] for a, _ in pairs], [clean[b] for _, b in pairs]
    axes = {part.axes for part in (*noisy, *clean)}
    if len(axes) > 1:
        raise ImageError(f"the layers have axes {', '.join(sorted(axes))}: they must be the same")
    for name, parts in ((NOISY, noisy), (CLEAN, clean)):
        for number, part in enumerate(parts):
            (folder / name).mkdir(parents=True, exist_ok=True)
            part.save(folder / name / f"layer_{number:03}.npy")
    found = {"data": str(folder / NOISY), "axes": axes.pop(), "max_pixels": 0, "nan": "keep"}
    return found | ({"targets": str(folder / CLEAN)} if clean else {})


def tell_method(settings: dict[str, Any]) -> str:
    """Return the method that unnoise finds for images, and why, as ``--dry-run`` does."""
    facts = forecast(settings)
    facts["images"] = str(facts["images"]).replace(f"{Path(settings['data']).parent}/", "layers ")
    lines = [f"{name}: {facts[name]}" for name in ("images", "method", "model")]
    return "\n".join(lines + [facts["notes"]] * (facts["notes"] != "none"))


def train_on(
    settings: dict[str, Any],
    *,
    minutes: float,
    out: Path,
    stopped: Callable[[], bool],
    show: Callable[[Seen], None],
    say: Callable[[str], None],
) -> Path:
    """Train, and return the run folder; a training that is stopped keeps the best model so far."""

    def report(progress: Progress) -> None:
        found, example = progress.validation, None
        if found is not None and progress.example is not None:
            example = progress.example()
        psnr = found is not None and found.psnr is not None
        quality = None if found is None else found.psnr if psnr else found.risk
        share = progress.step / progress.steps
        show(Seen(share, progress.step, progress.loss, quality, psnr, example))
        if stopped():
            raise Enough

    train(**settings, minutes=minutes, out=out, say=say, report=report)
    return out


def free_folder(home: Path) -> Path:
    """Return a folder for a run that is not there yet."""
    found, number = home / RUN, 1
    while found.exists():
        number += 1
        found = home / f"{RUN}-{number}"
    return found
