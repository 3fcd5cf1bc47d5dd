"""The Nextflow example: its syntax, by the grammar of Groovy, and what its script does.

Nextflow itself comes from its own site alone, so it is not run here.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from unnoise.pretrained import EXAMPLES

PYTHON = Path(sys.prefix) / "pipelines/bin/python"
FOLDER = Path(__file__).parents[2] / "examples/nextflow"
MODULE = FOLDER / "modules/unnoise/denoise"
PARSE = (
    "import sys; from groovy_parser.parser import parse_groovy_content as parse; "
    "[parse(open(path).read()) for path in sys.argv[1:]]"
)


def parse(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [str(PYTHON), "-c", PARSE, *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_syntax_is_right(tmp_path: Path) -> None:
    if not PYTHON.is_file():
        pytest.skip(f"no {PYTHON}: make test-pipelines installs the parser")
    files = [FOLDER / "main.nf", FOLDER / "nextflow.config", MODULE / "main.nf"]
    assert parse(*files).returncode == 0
    cut = tmp_path / "cut.nf"
    cut.write_text((MODULE / "main.nf").read_text()[:-3])
    assert parse(cut).returncode != 0


def test_the_description_names_what_the_process_takes_and_gives() -> None:
    text, description = (MODULE / "main.nf").read_text(), (MODULE / "meta.yml").read_text()
    emitted = re.findall(r"emit: (\w+)", text)
    assert emitted == ["image", "verdict", "versions"]
    for name in emitted:
        assert re.search(rf"^  {name}:$", description, re.MULTILINE)
    for name in ("meta", "image", "model"):
        assert re.search(rf"^ +- (- )?{name}:$", description, re.MULTILINE)


@pytest.mark.parametrize("model", ["", "photo.onnx"])
def test_the_script_of_the_process_runs(model: str, tmp_path: Path) -> None:
    image = tmp_path / "scan.png"
    image.write_bytes(EXAMPLES["photo"].read_bytes())
    if model:
        (tmp_path / model).symlink_to(EXAMPLES["photo"].with_suffix(".onnx"))
    script = (MODULE / "main.nf").read_text().split('"""')[1]
    values = {
        "${image}": image.name,
        "${prefix}": "scan_denoised",
        "${extension}": "png",
        "${network}": f"--model {model}" if model else "",
        "${args}": "--strength 0.8",
        "${task.cpus}": "1",
        "${task.process}": "UNNOISE_DENOISE",
    }
    for name, value in values.items():
        assert name in script
        script = script.replace(name, value)
    assert "${" not in script
    script = dedent(script.replace("\\\\", "\\").replace("\\$", "$"))  # as Nextflow does
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, env={**os.environ, "PATH": path}, check=True, capture_output=True,
    )  # fmt: skip
    assert (tmp_path / "scan_denoised.png").is_file()
    (row,) = json.loads((tmp_path / "scan_denoised.json").read_text())
    assert row["verdict"] in ("trust", "check", "reject")
    assert 'UNNOISE_DENOISE":\n    unnoise: ' in (tmp_path / "versions.yml").read_text()
