"""``unnoise denoise``."""

import sys
from pathlib import Path

from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.errors import ConfigError, UnnoiseError

app = verb_app("denoise")


@app.default
def denoise(
    inputs: list[Path],
    /,
    *,
    model: Path,
    out: Path,
    device: str = "auto",
    overwrite: bool = False,
    quiet: bool = False,
    json: bool = False,
) -> int:
    """Denoise files: PNG, JPEG, TIFF, .npy and IDX, or folders of them.

    Every output has the name, format, size and dtype of its input. A file that cannot be read is
    reported and skipped, and the exit status is 2.

    Parameters
    ----------
    inputs
        Files, or folders of files.
    model
        A model file or a run folder.
    out
        The folder to write to.
    device
        cpu, cuda, mps or auto.
    overwrite
        Replace outputs that exist.
    quiet
        No messages but errors.
    json
        Print what was done as JSON.
    """
    from unnoise import api
    from unnoise.images import list_images, read_stack, write_stack
    from unnoise.outputs import check_writable

    denoiser = api.load(model, device=device)
    paths = [
        path for given in inputs for path in (list_images(given) if given.is_dir() else [given])
    ]
    names = [path.name for path in paths]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(
            f"several inputs are called {', '.join(twice[:3])}, and their outputs would be one "
            "file: denoise them in separate calls with separate --out"
        )
    check_writable(out)
    say, results = speaker(quiet=quiet), []
    for path in paths:
        target = out / path.name
        try:
            if target.resolve() == path.resolve():
                raise ConfigError(f"{path} would be replaced by its output: choose another --out")
            stack, layout = read_stack(path)
            write_stack(target, denoiser.denoise(stack, layout), overwrite=overwrite)
        except UnnoiseError as error:
            print(f"unnoise: {error}", file=sys.stderr)
            results.append({"input": str(path), "output": None, "error": str(error)})
        else:
            say(f"{path} -> {target}")
            results.append({"input": str(path), "output": str(target), "error": None})
    failed = sum(result["error"] is not None for result in results)
    if json:
        print_json(results)
    if failed:
        print(f"unnoise: {failed} of {len(paths)} inputs were not denoised", file=sys.stderr)
    return 2 if failed else 0
