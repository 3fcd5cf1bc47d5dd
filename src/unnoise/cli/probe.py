"""``unnoise probe``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.denoiser.running import Running

if TYPE_CHECKING:
    from unnoise.api.probing import Probe

app = verb_app("probe")


@app.default
def probe(
    model: str,
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
    data_dir: Path | None = None,
    running: Annotated[Running, Parameter(name="*")] = Running(),  # noqa: B008  frozen
    overwrite: bool = False,
    quiet: bool = False,
    json: bool = False,
) -> None:
    """Train a simple classifier on the frozen features of a model, with few labels.

    Beside it stand raw pixels, their principal components, and the features of the same network
    with random weights: errors on test images, mean and spread over draws of the labels.

    Parameters
    ----------
    model
        A model file, a run folder, or photo or fluorescence, which come with unnoise.
    data
        A named dataset, or a folder with a subfolder for each class, of which a fifth is the test.
    labels
        Labels for each class; may be given several times; 0 takes all. [default: 10 and 100,
        where there are so many]
    classifier
        logistic regression, knn (nearest neighbours), or svm (radial basis functions).
    seeds
        How many draws of labels.
    levels
        Levels of the network whose features are joined, 0 the finest; may be given several times.
        [default: the narrowest place]
    pool
        Average the features of a level over a grid of so many cells a side.
    noise
        Test also what this noise costs a classifier of clean images, and what denoising brings
        back; a range such as gaussian:0..1,clip is walked through.
    denoiser
        What removes that noise. [default: MODEL]
    report
        Write one HTML page with confusions and a map of the features.
    seed
        Decides the draws, the random network, the noise, and the test images of a folder.
    data_dir
        Where to look for named datasets first.
    overwrite
        Replace the page, if it exists.
    quiet
        No messages but errors.
    json
        Print the figures as JSON.
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
        print_probe(found)


def print_probe(found: "Probe") -> None:
    """Print the errors as a table of fixed columns, which a script can read too."""
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
    return {
        "model": found.model,
        "data": found.data,
        "classes": found.classes,
        "classifier": found.classifier,
        "images": {"train": found.images[0], "test": found.images[1]},
        "scores": found.rows(),
        "confusion": found.confusion,
        "clean": found.clean,
        "denoiser": found.denoiser if found.recovered else None,
        "recovered": [row.__dict__ for row in found.recovered],
    }
