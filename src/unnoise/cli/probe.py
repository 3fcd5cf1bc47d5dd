"""``unnoise probe``."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from unnoise.cli.applied import RUN_BY, RunBy
from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.cli.options import DataDir, Json, Model, Overwrite, Quiet

if TYPE_CHECKING:
    from unnoise.api.probing import Probe

app = verb_app("probe")


@app.default
def probe(
    model: Model,
    data: str,
    /,
    *,
    labels: list[int] | None = None,
    classifier: Literal["logistic", "knn", "svm"] = "logistic",
    seeds: int = 5,
    levels: list[int] | None = None,
    pool: int | None = None,
    noise: str | None = None,
    denoiser: str | None = None,
    report: Path | None = None,
    seed: int = 0,
    data_dir: DataDir = None,
    running: RunBy = RUN_BY,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a simple classifier on the frozen features of a model, with few labels.

    The errors on test images (mean and spread over draws of the labels) are printed beside those of
    raw pixels, their principal components, and the same network with random weights.

    Parameters
    ----------
    data
        A named dataset, or a folder with a subfolder for each class; a fifth of it is for the test.
    labels
        Labels for each class; repeat it for several numbers; 0 takes all. [default: 10 and 100, as
        far as the classes have them]
    classifier
        logistic regression, knn (nearest neighbours), or svm (radial basis functions).
    seeds
        The number of draws of labels.
    levels
        Levels of the network whose features are joined, 0 is the finest; repeat it for several.
        [default: the narrowest level]
    pool
        Average the features of a level over a grid of N × N cells.
    noise
        Also test how much accuracy this noise costs a classifier of clean images, and how much
        denoising restores; a range such as gaussian:0..1,clip is tested in steps.
    denoiser
        The model that removes this noise. [default: MODEL]
    report
        Write one HTML page with confusions and a map of the features.
    seed
        Decides the draws, the random network, the noise, and the test images of a folder.
    """
    from unnoise.api.probing import probe as probe_features
    from unnoise.api.probing import write_probe
    from unnoise.errors import ConfigError
    from unnoise.outputs import check_free

    if denoiser is not None and noise is None:
        raise ConfigError("--denoiser removes the noise of --noise: give both")
    if report:
        check_free(report, overwrite=overwrite)  # before the work
    say = speaker(quiet=quiet)
    found = probe_features(
        running.load(model),
        data,
        labels=labels,
        classifier=classifier,
        seeds=seeds,
        levels=levels,
        pool=pool,
        noise=noise,
        denoiser=None if denoiser is None else running.load(denoiser),
        draw=report is not None,
        seed=seed,
        data_dir=data_dir,
        say=say,
    )
    if report:
        write_probe(report, found, overwrite=overwrite)
        say(f"page: {report}")
    if json:
        print_json(_plain(found))
    else:
        _print(found)


def _print(found: "Probe") -> None:
    """Print the errors as a table of fixed columns."""
    print(f"{found.model}, {found.classifier}, {found.data}: {found.images[1]:,} test images")
    print(f"{'features':<16} {'numbers':>8} {'labels':>7} {'error %':>8} {'spread':>7}")
    for row in found.rows():
        labels = row["labels"] or "all"
        spread = "" if row["spread"] is None else f"{100 * row['spread']:.2f}"
        print(
            f"{row['features']:<16} {row['size']:>8,} {labels:>7} {100 * row['error']:>8.2f} "
            f"{spread:>7}".rstrip()
        )
    if found.clean is not None:
        print(
            f"\nall labels, clean test images: {100 * found.clean:.2f} % right; "
            f"{found.denoiser} denoises"
        )
        print(f"{'noise':<28} {'noisy %':>8} {'denoised %':>11}")
        for recovered in found.recovered:
            print(
                f"{recovered.noise:<28} {100 * recovered.noisy:>8.2f} "
                f"{100 * recovered.denoised:>11.2f}"
            )


def _plain(found: "Probe") -> dict[str, object]:
    plain = {name: value for name, value in vars(found).items() if name != "map"}
    return plain | {
        "images": {"train": found.images[0], "test": found.images[1]},
        "scores": found.rows(),
        "denoiser": found.denoiser if found.recovered else None,
        "recovered": [row.__dict__ for row in found.recovered],
    }
