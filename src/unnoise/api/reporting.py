"""Pages and pictures: the report of a run, its preview, and the page of an estimated noise."""

from pathlib import Path

import numpy as np

from unnoise.api.common import ARRAY_NAME, ignore, print_message
from unnoise.api.evaluating import measure
from unnoise.api.finishing import HeldOut
from unnoise.api.held_out_pictures import HeldOutPictures
from unnoise.api.judging import Judged
from unnoise.api.noise_models import NoiseModel, correlations, noisy_ones
from unnoise.api.planning import make_plan
from unnoise.api.sharing import short
from unnoise.assemble import complete
from unnoise.data import Preparation, choose_examples, load_images, prepare
from unnoise.datasets import NAMES
from unnoise.denoiser import Denoiser, Running
from unnoise.denoiser.description import in_words
from unnoise.errors import RunError
from unnoise.evaluation import Evaluation
from unnoise.images import ValueRange
from unnoise.noise.fitting import plain_pair
from unnoise.outputs import write_bytes, write_text
from unnoise.report import (
    NoiseCurves,
    NoisePage,
    RunPage,
    draw_crops,
    draw_curves,
    draw_noise_curves,
    render_page,
)
from unnoise.runs import RunFolder, TrainConfig
from unnoise.types import Doubles, Floats, Say

CROP = 64  # pixels of a side
STEP = 16  # pixels between the parts that are compared
SPREAD = 4.0  # standard deviations from the mean of a part that are black and white


def draw_preview(run: str | Path) -> Path:
    """Draw examples of a run, before and after denoising, into its ``preview.png``."""
    folder = RunFolder(Path(run))
    if not folder.preview.is_file():  # else it shows the model in the folder
        settings = folder.read_config()
        held_out = held_out_of(settings, folder, ignore)
        picture = HeldOutPictures(Denoiser.load(folder.path), held_out, settings.seed)
        write_bytes(folder.preview, picture.all())
    return folder.preview


def write_report(
    run: str | Path,
    *,
    running: Running = Running(),  # noqa: B008  frozen
    limit: int = 1000,
    say: Say = print_message,
) -> tuple[Path, Evaluation | None]:
    """Evaluate the model of a run on images it has not seen and write its ``report.html``.

    Without clean images there is no evaluation, and the report shows examples and the risk.
    """
    folder = RunFolder(Path(run))
    settings = folder.read_config()
    if not folder.model.is_file():
        raise RunError(
            f"{folder.path} has no {folder.model.name}: the training was not finished; "
            f"go on with it (unnoise train --resume --out {folder.path})"
        )
    denoiser = running.load(folder.path)
    held_out = held_out_of(settings, folder, say)
    evaluation = None
    if denoiser.info.trained.get("psnr") is not None:
        evaluation = measure(
            denoiser,
            [Judged.of(views) for views in held_out.judged],
            spec=denoiser.info.noise,
            name=f"{denoiser.info.data}, "
            + ("test images" if settings.data in NAMES else "held-out parts"),
            limit=limit,
            seed=settings.seed,
        )
    pictures = HeldOutPictures(denoiser, held_out, settings.seed)
    facts = denoiser.describe()
    trained = facts["trained"]
    metrics = folder.read_metrics()
    data = "an array" if settings.data == ARRAY_NAME else short(settings.data)
    page = RunPage(
        title=f"A denoiser trained on {data}",
        facts=_facts(evaluation, facts, trained),
        examples=pictures.examples(),
        axis=held_out.along.axis if held_out.along else "",
        along=pictures.along(),
        curves=draw_curves(metrics, noisy_psnr=trained.get("noisy_psnr")) if metrics else None,
        table=evaluation.rows() if evaluation else [],
        table_caption=evaluation.caption if evaluation else "",
        model=in_words(facts),
        config=folder.config.read_text(encoding="utf-8"),
    )
    write_text(folder.report, render_page(page))
    return folder.report, evaluation


def _facts(
    evaluation: Evaluation | None, facts: dict[str, object], trained: dict[str, float]
) -> dict[str, str]:
    cost = f"{facts['kmacs_per_pixel']:.2f} kMAC/pixel"
    seconds = f"{trained['seconds']:,.0f} s"
    if evaluation is None:
        method = str(facts["objective"]).split(",")[0]
        return {"method": method, "cost": cost, "training": seconds}
    return {
        "noisy": f"{evaluation.mean('noisy', 'psnr'):.2f} dB",
        "denoised": f"{evaluation.mean('unnoise', 'psnr'):.2f} dB",
        "cost": cost,
        "speed": f"{evaluation.images_per_second['unnoise']:,.0f} images/s",
        "training": seconds,
    }


def held_out_of(settings: TrainConfig, folder: RunFolder, say: Say) -> HeldOut:
    """Return images that the run did not train on; raise ``RunError`` if they are gone."""
    if settings.data in NAMES:
        data_dir = Path(settings.data_dir) if settings.data_dir else None
        images = load_images(settings.data, split="test", data_dir=data_dir, say=say)
        examples = choose_examples([(image,) for image in images.stack])
        return HeldOut(examples, ((images.stack,),))
    if folder.held_out.is_file():
        return HeldOut.load(folder.held_out)
    return _read_again(settings, folder, say)


def _read_again(settings: TrainConfig, folder: RunFolder, say: Say) -> HeldOut:
    """Hold out the same images as the training of an earlier version, which did not keep them."""
    if ARRAY_NAME in (settings.data, settings.targets):
        raise RunError(
            f"{folder.path} has no {folder.held_out.name}, and the run was trained on an array, "
            "which is not kept: unnoise.evaluate() takes the array"
        )
    plan = make_plan(settings, run=folder.path, say=say)
    settings = complete(settings, plan)
    assert settings.batch_size is not None
    assert settings.patch is not None
    preparation = Preparation(
        batch_size=settings.batch_size,
        side=settings.patch,
        share=settings.validation,
        stride=1,
        memory=settings.memory,
        values=settings.range and ValueRange.given(*settings.range),
        seed=settings.seed,
    )
    material = prepare(plan, preparation, failed=say)
    return HeldOut.of(material.examples, material.held_out, material.along)


def write_noise_page(
    path: Path, model: NoiseModel, *, title: str = "", overwrite: bool = False
) -> None:
    """Write the evidence as one HTML page; ``title`` names the images."""
    noisy = noisy_ones(model.samples)
    curves = NoiseCurves(
        points=(
            np.concatenate([sample.brightness for sample in noisy]),
            np.concatenate([sample.variance for sample in noisy]),
        ),
        gain=model.fitted.gain,
        offset=model.fitted.offset,
        correlations={
            name: (measured, spec or [0.0] * len(measured))
            for name, (measured, spec) in correlations(model.samples, model.made).items()
        },
    )
    page = NoisePage(
        title=f"The noise of {short(title)}" if title else "The noise of the images",
        spec=model.spec,
        evidence=model.evidence,
        curves=draw_noise_curves(curves),
        crops=draw_crops(_crops(model)),
    )
    write_text(path, render_page(page), overwrite=overwrite)


def _crops(model: NoiseModel) -> dict[str, Floats]:
    """Return the flattest part of the example and synthetic noise, in one contrast."""
    real = _flattest(model.example)
    means = real.mean((0, 1))
    noisy, clean = plain_pair(model.fitted.noise.at(0.5), [float(means.mean())], real.shape[2])
    side = real.shape[:2]
    synthetic = (noisy - clean)[: side[0], : side[1]] + means
    spread = SPREAD * float(np.mean(real.std((0, 1))))
    drawn = {}
    for name, crop in (("noisy image", real), ("synthetic, in the middle of the spec", synthetic)):
        scaled = (crop - means) / (2 * spread or 1) + 0.5
        drawn[name] = scaled.clip(0, 1).astype(np.float32)[..., : 3 if crop.shape[2] >= 3 else 1]
    return drawn


def _flattest(image: Doubles) -> Doubles:
    """Return the part of an image that varies least, without being cut off at its ends."""
    side = min(CROP, *image.shape[:2])
    low, high = image.min(), image.max()
    best, found = np.inf, image[:side, :side]
    for top in range(0, image.shape[0] - side + 1, STEP):
        for left in range(0, image.shape[1] - side + 1, STEP):
            part = image[top : top + side, left : left + side]
            ends = float(np.mean((part <= low) | (part >= high)))
            varies = float(part.std((0, 1)).mean())
            if ends < 0.02 and varies < best:
                best, found = varies, part
    return found
