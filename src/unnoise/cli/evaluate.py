"""``unnoise evaluate``."""

import csv
import io
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from unnoise.cli.applied import READ, RUN_BY, Read, RunBy
from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.cli.options import DataDir, Json, Model, Overwrite, Quiet

if TYPE_CHECKING:
    from unnoise.evaluation import Evaluation

app = verb_app("evaluate")


@app.default
def evaluate(
    model: Model,
    data: str,
    /,
    *,
    targets: str | None = None,
    noise: str | None = None,
    read: Read = READ,
    limit: int = 1000,
    baselines: bool = True,
    seed: int = 0,
    running: RunBy = RUN_BY,
    data_dir: DataDir = None,
    out: Path | None = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Corrupt clean images, denoise them, and compare with the originals.

    Images that are noisy already are compared with their clean versions (--targets).

    Parameters
    ----------
    data
        A named dataset (its test part is taken), or a file, folder or pattern of clean images.
    targets
        The clean version of each image in DATA, matched by name.
    noise
        The corruption. [default: the noise that the model was trained for]
    limit
        Take the first N images; 0 takes all.
    baselines
        Run classical methods, too, each with the parameter that is estimated to be best.
    seed
        Decides the noise.
    out
        A CSV file for the figures of every image.
    """
    from unnoise.api.evaluating import evaluate as evaluate_on
    from unnoise.outputs import write_text

    evaluation = evaluate_on(
        running.load(model),
        data,
        targets=targets,
        noise=noise,
        **asdict(read),
        limit=limit,
        baselines=baselines,
        seed=seed,
        data_dir=data_dir,
        say=speaker(quiet=quiet),
    )
    if out is not None:
        write_text(out, _per_image_csv(evaluation), overwrite=overwrite)
    if json:
        print_json({**evaluation.__dict__, "rows": evaluation.rows()})
    else:
        print_table(evaluation)


def print_table(evaluation: "Evaluation") -> None:
    """Print the means as a table of fixed columns."""
    print(evaluation.caption)
    rows = evaluation.rows()
    names = [
        f"{row['method']} ({row['parameters']})" if row["parameters"] else str(row["method"])
        for row in rows
    ]
    width = max(16, *map(len, names))
    print(f"{'method':<{width}} {'PSNR dB':>8} {'SSIM':>7} {'MSE':>9} {'images/s':>10}")
    for name, row in zip(names, rows, strict=True):
        ssim = "-" if row["ssim"] is None else f"{row['ssim']:.4f}"
        speed = "-" if row["images_per_second"] is None else f"{row['images_per_second']:,.0f}"
        print(f"{name:<{width}} {row['psnr']:>8.2f} {ssim:>7} {row['mse']:>9.5f} {speed:>10}")


def _per_image_csv(evaluation: "Evaluation") -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "method", "psnr", "ssim", "mse"])
    for method, figures in evaluation.per_image.items():
        columns = zip(figures["psnr"], figures["ssim"], figures["mse"], strict=True)
        writer.writerows([i, method, *values] for i, values in enumerate(columns))
    return text.getvalue()
