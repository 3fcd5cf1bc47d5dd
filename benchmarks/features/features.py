"""What are features worth? Every figure of docs/features-benchmark.md.

    python benchmarks/features/features.py [PART ...] [--out docs] [--runs runs]

The parts are ``learn`` (trains a model of features and a denoiser on mnist, 15 minutes on two
cores), ``probe`` (few labels), ``recover`` (denoise, then classify), ``tasks`` (of the papers, an
hour) and ``speed``; without a PART, all of them run. Each keeps its figures in
features-benchmark.json, and the page is written from this file. ``tasks`` measures only the figures
that are missing there. The images are in $UNNOISE_DATA.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

from machine import describe_machine
from tasks import CONVOLUTIONAL, METHODS, PUBLISHED, STACKED, SVM, applies, best, measure

import unnoise
from unnoise import DenoisingAutoencoder
from unnoise.data import load_images
from unnoise.outputs import write_text
from unnoise.report import draw_map

DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
LEVELS, POOL = (2, 3), 4
LABELS = (10, 100, 0)
SEEDS = 10
TARGETS = {10: 8.0, 100: 3.0, 0: 1.2}  # errors in percent
Figures = dict[str, Any]


def learn(runs: Path) -> Figures:
    """Train the models that the other parts use."""
    features = unnoise.train(
        "mnist",
        preset="features",
        data_dir=str(DATA),
        out=runs / "features",
        overwrite=True,
    )
    denoiser = unnoise.train(
        "mnist",
        noise="gaussian:0..1,clip",
        model="unet-s",
        steps=6_000,
        data_dir=str(DATA),
        out=runs / "gaussian",
        overwrite=True,
    )
    return {
        "features, s": features.info.trained["seconds"],
        "denoiser, s": denoiser.info.trained["seconds"],
    }


def probe(runs: Path, picture: Path) -> Figures:
    """Measure features with few labels: the code alone, and joined levels."""
    model = unnoise.load(runs / "features")
    found: Figures = {}
    for name, levels in (("code", (-1,)), ("joined levels", LEVELS)):
        probing = unnoise.probe(
            model,
            "mnist",
            labels=LABELS,
            seeds=SEEDS,
            levels=levels,
            pool=POOL,
            draw=name == "code",
            data_dir=DATA,
        )
        found[name] = probing.rows()
        if probing.map is not None:
            picture.write_bytes(draw_map(*probing.map, probing.classes))
    return found


def recover(runs: Path) -> Figures:
    """Measure the cost of noise for a classifier of clean digits, and the gain by denoising."""
    probing = unnoise.probe(
        unnoise.load(runs / "features"),
        "mnist",
        labels=(10,),
        seeds=1,
        levels=LEVELS,
        pool=POOL,
        noise="gaussian:0..1,clip",
        denoiser=unnoise.load(runs / "gaussian"),
        data_dir=DATA,
    )
    return {"clean": probing.clean, "rows": [row.__dict__ for row in probing.recovered]}


def tasks(kept: Figures, keep: Callable[[Figures], None]) -> Figures:
    """Measure the tasks of the papers, except for those measured already."""
    found: Figures = {name: kept.get(name, {}) for name in PUBLISHED}
    for method in METHODS:
        for name in PUBLISHED:
            if applies(name, method) and method not in found[name]:
                found[name][method] = measure(name, method, DATA)
                print(name, method, found[name][method], flush=True)
                keep(found)
    return found


def speed() -> Figures:
    """Time the estimator with its defaults on 10,000 digits, and its features of 60,000."""
    rows = load_images("mnist", split="train", data_dir=DATA).stack.reshape(60_000, -1)
    rows = rows.astype(np.float32) / 255
    coder = DenoisingAutoencoder(random_state=0)
    begun = time.perf_counter()
    coder.fit(rows[:10_000])
    fitted = time.perf_counter() - begun
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        coder.transform(rows)
        times.append(time.perf_counter() - begun)
    return {"fit, s": fitted, "transform, s": float(np.median(times))}


def page(found: Figures) -> str:
    """Write the figures as tables."""
    lines = ["# Features: measurements", "", "Written by `make bench-features`."]
    for part, write in PAGES.items():
        if part in found:
            lines += ["", f"## {TITLES[part]}", "", f"{found[part]['machine']}.", ""]
            lines += write(found[part]["figures"])
    return "\n".join(lines) + "\n"


def learned_lines(figures: Figures) -> list[str]:
    return [
        "| training on mnist, without labels | s |",
        "| --- | ---: |",
        f"| `--preset features`, 20 epochs | {figures['features, s']:.0f} |",
        f"| `unet-s`, `gaussian:0..1,clip`, 6,000 steps | {figures['denoiser, s']:.0f} |",
    ]


def probe_lines(figures: Figures) -> list[str]:
    target = " | ".join(f"{TARGETS[count]:g}" for count in LABELS)
    lines = [
        "Errors of logistic regression on the 10,000 test digits, in percent: mean and standard "
        f"deviation over {SEEDS} draws of the labels.",
        "",
        "| features | numbers | 10 labels a class | 100 | all |",
        "| --- | ---: | ---: | ---: | ---: |",
        f"| target, at most | | {target} |",
    ]
    for name, rows in figures.items():
        for kind in dict.fromkeys(row["features"] for row in rows):
            mine = [row for row in rows if row["features"] == kind]
            if kind in ("raw pixels", "PCA") and name != "code":
                continue
            label = f"{kind}, {name}" if kind in ("unnoise", "random network") else kind
            errors = " | ".join(_percent(row) for row in mine)
            lines.append(f"| {label} | {mine[0]['size']:,} | {errors} |")
    return lines


def _percent(row: Figures) -> str:
    spread = f" ± {100 * row['spread']:.2f}" if row["spread"] is not None else ""
    return f"{100 * row['error']:.2f}{spread}"


def recover_lines(figures: Figures) -> list[str]:
    lines = [
        "Logistic regression on the joined levels, trained with all labels on clean digits; "
        f"{100 * figures['clean']:.2f} % of the clean test digits are right. The target is at "
        "least 97 % at `gaussian:0.5,clip` after denoising.",
        "",
        "| noise | noisy, % right | denoised, % right |",
        "| --- | ---: | ---: |",
    ]
    return lines + [
        f"| `{row['noise']}` | {100 * row['noisy']:.2f} | {100 * row['denoised']:.2f} |"
        for row in figures["rows"]
    ]


def tasks_lines(figures: Figures) -> list[str]:
    lines = [
        "Test errors in percent, one training each; 10,000 images to train on (rect 1,000, convex "
        "6,000), 50,000 to test with (2,000 for the support vector machine). Standard errors of "
        "50,000 images: 0.07 at 2.5 %, 0.2 at 30 %. The published figures are of the published "
        "files, as Vincent et al. 2010 list them; the errors of the support vector machine show "
        "how hard our files are in comparison. The noise of the stacked autoencoder is the one "
        "with the fewest errors on the 2,000 (200) validation images.",
        "",
        "| task | SDAE-3, published | stacked | its noise | convolutional "
        "| SVM, published | SVM here |",
        "| --- | ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    # Where the measurement was stopped, some are missing.
    figures = {name: figures[name] for name in PUBLISHED if figures.get(name)}
    for name, row in figures.items():
        stacked = best(row, STACKED)
        others = [
            next((f"{row[m]['test']:.2f}" for m in row if m.startswith(kind)), "–")
            for kind in (CONVOLUTIONAL, SVM)
        ]
        published = PUBLISHED[name]
        lines.append(
            f"| {name} | {published.stacked:.2f} | {row[stacked]['test']:.2f} "
            f"| `{stacked.removeprefix(STACKED + ', ')}` | {others[0]} | {published.svm:.2f} "
            f"| {others[1]} |"
        )
    lines += ["", "All methods, on validation and test images, with the seconds of training:", ""]
    lines += ["| task | method | validation | test | s |", "| --- | --- | ---: | ---: | ---: |"]
    return lines + [
        f"| {name} | {method} | {one['valid']:.2f} | {one['test']:.2f} | {one['seconds']:.0f} |"
        for name, row in figures.items()
        for method, one in row.items()
    ]


def speed_lines(figures: Figures) -> list[str]:
    return [
        "| `DenoisingAutoencoder()` | target, s | reached, s |",
        "| --- | ---: | ---: |",
        f"| fit of 10,000 × 784 | 60 | {figures['fit, s']:.1f} |",
        f"| transform of 60,000 × 784 | 5 | {figures['transform, s']:.2f} |",
    ]


TITLES = {
    "learn": "Training",
    "probe": "Few labels",
    "recover": "Denoise, then classify",
    "tasks": "The tasks of the papers",
    "speed": "Speed of the estimator",
}
PAGES = {
    "learn": learned_lines,
    "probe": probe_lines,
    "recover": recover_lines,
    "tasks": tasks_lines,
    "speed": speed_lines,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(TITLES))
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    unknown = set(options.parts) - set(TITLES)
    if unknown:
        parser.error(f"no part is called {', '.join(unknown)}: there are {', '.join(TITLES)}")
    kept = options.out / "features-benchmark.json"

    def read() -> Figures:  # read again each time: another process may be measuring other parts
        found: Figures = json.loads(kept.read_text()) if kept.is_file() else {}
        return found

    def keep(part: str, figures: Figures) -> None:
        found = read()
        if figures != found.get(part, {}).get("figures"):  # tasks may have measured nothing again
            found[part] = {"machine": describe_machine(), "figures": figures}
            write_text(kept, json.dumps(found, indent=1) + "\n")

    measured = read().get("tasks", {}).get("figures", {})
    work: dict[str, Callable[[], Figures]] = {
        "learn": lambda: learn(options.runs),
        "probe": lambda: probe(options.runs, options.out / "features-map.png"),
        "recover": lambda: recover(options.runs),
        "tasks": lambda: tasks(measured, lambda figures: keep("tasks", figures)),
        "speed": speed,
    }
    for part in options.parts or TITLES:
        figures = work[part]()
        keep(part, figures)
        write_text(options.out / "features-benchmark.md", page(read()))
        print("\n".join(PAGES[part](figures)), flush=True)


if __name__ == "__main__":
    main()
