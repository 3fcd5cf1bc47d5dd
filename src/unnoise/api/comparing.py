"""``unnoise.compare``: which of several models is best on one image, without a clean one.

Classical denoisers, each with the parameter that is best on the image, are judged in the same way.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.api.common import each_file
from unnoise.denoiser import ChannelUse, DenoiseOptions, Denoiser, Scaled, View, beside
from unnoise.errors import ConfigError
from unnoise.evaluation import available_baselines, tune
from unnoise.images import Holes, NaN, ReadOptions, ValueRange, open_image
from unnoise.sizes import middle_of
from unnoise.trust import Risk, decibels, error_estimator, estimate_risk, hidden_risk, noise_for
from unnoise.types import Array, Denoise, Floats

FLOOR = 1e-6  # the least estimated mean squared error: 60 dB


@dataclass(frozen=True)
class Ranked:
    """One result on one image."""

    name: str  # the model, or the filter with its parameter
    psnr: float | None  # estimate in dB; None where the error is too small to estimate
    behind: float | None  # dB to the best; None where one of them is None
    like: tuple[str, ...]  # better results from which it cannot be distinguished
    hidden: float | None  # estimated PSNR at hidden pixels, for white noise; lower than psnr
    model: bool  # not a filter


@dataclass(frozen=True)
class Comparison:
    """Several results on one image, the best first, and how long the comparison took."""

    rows: tuple[Ranked, ...]
    seconds: float

    @property
    def sentence(self) -> str:
        """The conclusion, in one sentence."""
        known = [row for row in self.rows if row.psnr is not None]
        models = [row for row in known if row.model]
        filters = [row for row in known if not row.model]
        if sum(row.model for row in self.rows) == 1 and models and filters:
            return _worth(models[0], filters[0])
        unknown = [row.name for row in self.rows if row.model and row.psnr is None]
        if unknown:
            errors = "the error is" if len(unknown) == 1 else "the errors are"
            return (
                f"the models cannot be put in order: {errors} too small to estimate for "
                f"{' and '.join(unknown)}"
            )
        best, second = known[0], known[1] if len(known) > 1 else None
        if second is None:
            return f"{best.name}: about {best.psnr:.1f} dB"
        if second.like:
            return f"{best.name} and {second.name} cannot be distinguished"
        return f"{best.name} is the best, by {_apart(second.behind or 0)}"


@dataclass(frozen=True)
class ComparedImage:
    """The comparison on one image of a file, or the error; ``name`` is the file and the image."""

    name: str
    found: Comparison | None = field(default=None, repr=False)
    error: str | None = None


def compare(
    denoisers: Sequence[Denoiser],
    image: NDArray[np.generic],
    *,
    names: Sequence[str] | None = None,
    filters: bool = False,
    axes: str | None = None,
    range: tuple[float, float] | None = None,  # noqa: A002  the word of the option
    channels: ChannelUse = "auto",
    nodata: float | None = None,
    nan: NaN = "refuse",
) -> Comparison:
    """Rank several models on one noisy image by their estimated errors, without a clean one.

    Stein's formula estimates the error, also for noise that neighbouring pixels share; see
    ``docs/trust.md``.

    Args:
        image: ``(H, W)`` or ``(H, W, C)``; where data lack, nothing is judged.
        names: The names of the models; None numbers them.
        filters: Whether to rank gaussian, median, total variation, non-local means, wavelet and (if
            installed) BM3D filters, too, each with the parameter of the least estimated error.
        axes: ``YXC`` for an image whose number of channels might be a number of images.
        range: The values that are black and white; None finds them in the data.
        channels: ``together`` takes them as colours, ``separate`` one by one.
        nodata: The value that stands for no data.
        nan: ``keep`` takes NaN and infinity as no data, ``refuse`` refuses them.

    Raises:
        ConfigError: There is no model, or not one name for each.
        ImageError: The array is no image, or holds NaN or infinity.
        ModelError: A model does not take images of this size or number of channels.
    """
    options, holes = DenoiseOptions(range=range, channels=channels), Holes.of(nodata, nan)
    scaled = [each.sight.scaled(image, options, axes=axes, holes=holes) for each in denoisers]
    return _compare(denoisers, scaled, _named(denoisers, names), filters=filters)


def compare_files(
    denoisers: Sequence[Denoiser],
    inputs: Iterable[str | Path],
    *,
    names: Sequence[str] | None = None,
    filters: bool = False,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    options: DenoiseOptions = DenoiseOptions(),  # noqa: B008  frozen
) -> Iterator[ComparedImage]:
    """Yield a comparison for every image of files, one in memory at a time."""
    options.check_whole("compare")
    names = _named(denoisers, names)

    def work(path: Path) -> Iterator[ComparedImage]:
        with open_image(path, read) as reader:
            views = [each.sight.of_reader(reader, options) for each in denoisers]
            seen = [beside(reader, view.around) for view in views]
            for index in range(reader.count):
                image = reader.image(index)
                scaled = [
                    each.sight.scaled(image, axes="YXC", view=view, together=source.image(index))
                    for each, view, source in zip(denoisers, views, seen, strict=True)
                ]
                found = _compare(denoisers, scaled, names, filters=filters)
                yield ComparedImage(str(path) if reader.count == 1 else f"{path}[{index}]", found)

    def failed(name: str, error: str) -> ComparedImage:
        return ComparedImage(name, error=error)

    return each_file(inputs, work, failed, sequence=read.sequence)


def compared(denoiser: Denoiser, image: Array, view: View, together: Array) -> dict[str, Any]:
    """Return a comparison of a model with the filters on one image, as plain values.

    ``together`` is the image as the model sees it, with its neighbours if it sees several.
    """
    scaled = denoiser.sight.scaled(image, axes="YXC", view=view, together=together)
    found = _compare([denoiser], [scaled], ["the model"], filters=True)
    rows = [asdict(row) for row in found.rows]
    return {"worth": found.sentence, "compared": rows, "compared_seconds": found.seconds}


def as_plain(image: ComparedImage) -> dict[str, Any]:
    """Return the comparison on an image as plain values."""
    found = image.found
    return {
        "input": image.name,
        "error": image.error,
        "sentence": found and found.sentence,
        "seconds": found and found.seconds,
        "rows": [asdict(row) for row in found.rows] if found else [],
    }


def table(found: Comparison) -> str:
    """Return the results as lines of fixed columns."""
    width = max(len(row.name) for row in found.rows)
    lines = []
    for place, row in enumerate(found.rows, 1):
        psnr = "not estimated" if row.psnr is None else f"about {row.psnr:.1f} dB"
        text = f"{place:>3}. {row.name:<{width}}  {psnr}"
        if row.behind:
            text += f", {row.behind:.2f} dB behind"
        if row.like:
            text += f", not distinguishable from {' and '.join(row.like)}"
        lines.append(text)
    return "\n".join(lines)


def _named(denoisers: Sequence[Denoiser], names: Sequence[str] | None) -> list[str]:
    if not denoisers:
        raise ConfigError("there is no model to compare: name one or more")
    if names is None:
        return [f"model {number}" for number in range(1, len(denoisers) + 1)]
    if len(names) != len(denoisers):
        raise ConfigError(
            f"there are {len(names)} names for {len(denoisers)} models: give one for each, or none"
        )
    return list(names)


def _compare(
    denoisers: Sequence[Denoiser], scaled: Sequence[Scaled], names: Sequence[str], *, filters: bool
) -> Comparison:
    start = time.perf_counter()
    rows, columns = scaled[0].part
    middle = middle_of(scaled[0].noisy[None], scaled[0].view.depth)[0]
    noisy = np.ascontiguousarray(middle[:, rows, columns])
    functions: dict[str, Denoise] = {
        name: _in_unit(each, seen.noisy[:, rows, columns], seen.view, scaled[0].view.values)
        for name, each, seen in zip(names, denoisers, scaled, strict=True)
    }
    noise = noise_for(noisy, functions.values())
    if filters:
        error = error_estimator(noisy, noise)
        chosen = [tune(name, noisy, error) for name in available_baselines()]
        functions |= {each.words: each for each in chosen}
    risks = {name: estimate_risk(each, noisy, noise) for name, each in functions.items()}
    hidden = {name: hidden_risk(each, noisy, noise) for name, each in functions.items()}
    return Comparison(_ranked(risks, hidden, names), time.perf_counter() - start)


def _in_unit(denoiser: Denoiser, seen: Floats, view: View, unit: ValueRange) -> Denoise:
    """Return a model as a function of images in a common unit, ``(N, C, H, W)``.

    ``seen`` is the image in the model's scale, with its neighbours if it sees several.
    """
    _, function = denoiser.among(seen, view)

    def denoise(images: Floats) -> Floats:
        made = function(_converted(images, unit, view.values))
        return _converted(made, view.results, unit)

    return denoise


def _converted(images: Floats, given: ValueRange, wanted: ValueRange) -> Floats:
    """Convert values of one range into another range."""
    if (given.low, given.high) == (wanted.low, wanted.high):
        return images
    low, span, other_low, other_span = (
        np.reshape(end, (-1, 1, 1)) for end in (given.low, given.span, wanted.low, wanted.span)
    )
    found: Floats = ((images * span + low - other_low) / other_span).astype(np.float32)
    return found


def _ranked(
    risks: dict[str, Risk], hidden: dict[str, float | None], models: Sequence[str]
) -> tuple[Ranked, ...]:
    """Put results in order, the least error first."""
    # Errors that are too small to estimate come first.
    order = sorted(risks, key=lambda name: (risks[name].psnr is not None, risks[name].error))
    best = risks[order[0]].psnr
    return tuple(
        Ranked(
            name=name,
            psnr=(psnr := risks[name].psnr),
            behind=None if psnr is None or best is None else best - psnr,
            like=tuple(other for other in order[:place] if risks[name].same(risks[other]))
            if psnr is not None
            else (),
            hidden=None if (error := hidden[name]) is None else decibels(max(error, FLOOR)),
            model=name in models,
        )
        for place, name in enumerate(order)
    )


def _worth(model: Ranked, simple: Ranked) -> str:
    """Return a sentence on whether a model is better than the best filter."""
    ahead = (simple.behind or 0) - (model.behind or 0)
    if simple.name in model.like or model.name in simple.like:
        return f"{simple.name} cannot be distinguished from the model"
    if ahead > 0:
        best = f"the best simple filter, {simple.name}"
        return f"the model is better than {best}, by {_apart(ahead)}"
    return f"{simple.name} is better than the model, by {_apart(-ahead)}"


def _apart(apart: float) -> str:
    return f"about {apart:.1f} dB" if apart >= 0.05 else "less than 0.1 dB"
