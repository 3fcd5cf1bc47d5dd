"""A noise spec from the user's own images: in Python, on the command line, and in a training."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

import unnoise
from unnoise.api.reporting import write_noise_page
from unnoise.cli import main
from unnoise.errors import ConfigError, DataError, OutputError
from unnoise.images import jpeg_coding, write_stack
from unnoise.noise import parse_noise

SPEC = "grain:0.04(luma=0.8 chroma=2)"


def scene(seed: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:128, :128] / 128
    bright = 0.5 + 0.3 * np.sin(5 * x + seed) * np.cos(4 * y)
    colours = np.stack([np.roll(bright, 20 * c, 1) for c in range(3)], axis=-1)
    picture: NDArray[np.uint8] = np.rint(255 * colours).astype(np.uint8)
    return picture


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(3):
        clean = scene(seed)
        noisy = unnoise.add_noise(clean, SPEC, axes="YXC", seed=seed)
        for name, image in (("clean", clean), ("noisy", noisy), ("others", scene(seed + 9))):
            (folder / name).mkdir(exist_ok=True)
            write_stack(folder / name / f"{seed}.png", image)
    return folder


def run(*arguments: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as caught:
        main(list(map(str, arguments)))
    return int(caught.value.code or 0), out.getvalue(), err.getvalue()


def check(spec: str, *, level: float = 0.04) -> None:
    (term,) = parse_noise(spec).chains[0].terms
    settings = {name: (low + high) / 2 for name, low, high in term.settings}
    assert term.name == "grain"
    assert (term.low + term.high) / 2 == pytest.approx(level, rel=0.15)
    assert settings["luma"] == pytest.approx(0.8, abs=0.15)
    assert settings["chroma"] == pytest.approx(2, abs=0.2)


def test_noise_of_files_alone_and_with_their_clean_ones(folders: Path) -> None:
    alone = unnoise.noise_model(folders / "noisy")
    paired = unnoise.noise_model(folders / "noisy", clean=folders / "clean")
    for found in (alone, paired):
        check(found.spec)
        assert (found.images, found.noisy) == (3, 3)
        assert found.values == "0 to 255 of uint8"


def test_lines_alone_have_no_absurd_grain() -> None:
    rows = np.random.default_rng(0).normal(0, 10, (3, 128, 1, 1))
    noisy = [np.rint(scene(i) + rows[i]).clip(0, 255).astype(np.uint8) for i in range(3)]
    found = unnoise.noise_model(noisy)
    assert "rows:" in found.spec
    for sample in found.samples:
        assert np.abs(sample.luma.correlation).max() < 2


def test_images_of_the_rarer_kind_are_left_out_with_a_word(folders: Path, tmp_path: Path) -> None:
    for path in (folders / "noisy").iterdir():
        (tmp_path / path.name).symlink_to(path)
    write_stack(tmp_path / "grey.png", unnoise.add_noise(scene(5)[..., 0], "gaussian:0.05", seed=1))
    said: list[str] = []
    assert unnoise.noise_model(tmp_path, say=said.append).noisy == 3
    assert [text for text in said if text.startswith("1 grey image")]


def test_a_mosaic_is_refused() -> None:
    mosaic = scene(0)[..., 1].copy()
    mosaic[::2, ::2] //= 3
    noisy = unnoise.add_noise(mosaic, "gaussian:0.03", seed=1)
    with pytest.raises(DataError, match="raw mosaic of a camera"):
        unnoise.noise_model(noisy)


def test_noise_of_arrays_of_another_unit() -> None:
    noisy = [
        unnoise.add_noise(scene(seed), SPEC, axes="YXC", seed=seed).astype(np.uint16) * 16
        for seed in range(3)
    ]
    found = unnoise.noise_model(noisy)
    low, _, high, *_ = found.values.split()
    check(found.spec, level=0.04 * 255 * 16 / (float(high) - float(low)))
    assert any("range of the values" in sentence for sentence in found.evidence)


def test_command_line_prints_the_spec_alone_and_a_page(folders: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    status, out, err = run("noise-model", folders / "noisy", "--report", page)
    assert status == 0
    check(out.strip())
    assert "luma: correlation at 1 to 4 pixels" in err
    html = page.read_text()
    assert out.strip() in html
    assert html.count("data:image/png;base64,") == 2
    assert "http" not in html.replace("http-equiv", "")
    with pytest.raises(OutputError, match="exists"):
        write_noise_page(page, unnoise.noise_model(folders / "noisy"))
    status, out, _ = run("noise-model", folders / "noisy", "--json", "--quiet")
    told = json.loads(out)
    check(told["noise"])
    assert told["correlation"]["luma"]["measured"][0] == pytest.approx(
        told["correlation"]["luma"]["of the spec"][0], abs=0.1
    )


def test_clean_and_constant_images_have_no_noise(folders: Path) -> None:
    status, out, err = run("noise-model", folders / "clean")
    assert (status, out) == (2, "")
    assert "no noise found in 3 of 3 images" in err
    assert "--noise gaussian" in err
    with pytest.raises(
        DataError, match="no noise found in 1 of 1 images of array: they are constant"
    ):
        unnoise.noise_model(np.full((64, 64), 7, np.uint8))


def test_pairs_must_be_alike(folders: Path, tmp_path: Path) -> None:
    write_stack(tmp_path / "0.png", scene(0)[:100])
    with pytest.raises(DataError, match="alike, pixel by pixel"):
        unnoise.noise_model(folders / "noisy" / "0.png", clean=tmp_path / "0.png")


@pytest.mark.parametrize("quality", [20, 55, 75, 90, 97])
@pytest.mark.parametrize("half", [True, False])
def test_quality_of_a_jpeg_is_read_from_its_tables(
    quality: int, half: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    image = pyvips.Image.new_from_array(scene(0))
    image.jpegsave(str(path), Q=quality, subsample_mode="on" if half else "off")
    found = jpeg_coding(path)
    assert found is not None
    assert abs(found[0] - quality) <= 2
    assert found[1] == half
    write_stack(tmp_path / "a.png", scene(0))
    assert jpeg_coding(tmp_path / "a.png") is None


def test_jpeg_files_give_a_term_with_their_quality(folders: Path, tmp_path: Path) -> None:
    for seed in range(2):
        image = pyvips.Image.new_from_file(str(folders / "noisy" / f"{seed}.png"))
        image.jpegsave(str(tmp_path / f"{seed}.jpg"), Q=92, subsample_mode="off")
    terms = parse_noise(unnoise.noise_model(tmp_path).spec).chains[0].terms
    assert str(terms[-1]) == "jpeg:92(half=0)"


def test_training_estimates_the_noise_and_keeps_it(folders: Path, tmp_path: Path) -> None:
    short = ("--steps", 1, "--patch", 32, "--batch-size", 2, "--model", "unet", "--quiet")
    auto = ("--noise", "auto", "--noisy", folders / "noisy")
    first = ("train", folders / "others", *auto, *short, "--out", tmp_path / "a")
    assert run(*first)[0] == 0
    config = (tmp_path / "a" / "config.toml").read_text()
    settings, asked = config.split("[asked]")
    (line,) = [line for line in settings.splitlines() if line.startswith("noise = ")]
    check(line.partition('"')[2].rstrip('"'))
    assert "noisy" not in settings
    assert 'noise = "auto"' in asked
    assert run(*first, "--resume")[0] == 0  # the same command again
    other = [each if each != folders / "noisy" else folders / "clean" for each in first]
    status, _, err = run(*other, "--resume")
    assert status == 2
    assert "noisy was" in err
    again = ("--config", tmp_path / "a" / "config.toml", "--out", tmp_path / "b", "--quiet")
    assert run("train", *again)[0] == 0
    assert line in (tmp_path / "b" / "config.toml").read_text()


def test_settings_that_do_not_fit_are_refused(folders: Path) -> None:
    clean, noisy = str(folders / "others"), str(folders / "noisy")
    with pytest.raises(ConfigError, match="go together"):
        unnoise.train(clean, noise="auto")
    with pytest.raises(ConfigError, match="go together"):
        unnoise.train(clean, noise="gaussian:0.1", noisy=noisy)
    with pytest.raises(ConfigError, match="leave one of them out"):
        unnoise.train(clean, targets=clean, noise="auto", noisy=noisy)
