"""The command line: one file per verb.

Each verb is imported when it is called, so that ``--help`` is quick. Results go to standard
output, progress and messages to standard error; an error is one message and exit status 2.
"""

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError

import unnoise
from unnoise.errors import UnnoiseError
from unnoise.memory import keep_freed_memory

VERBS = {
    "train": "Train a denoiser.",
    "denoise": "Denoise files.",
    "inspect": "Report whether results can be trusted, without clean images.",
    "compare": "Rank several models on noisy images.",
    "evaluate": "Measure a denoiser on clean images, beside classical methods.",
    "probe": "Measure what the features of a model are worth to a classifier.",
    "show": "Draw images and what a noise does to them.",
    "noise-model": "Estimate a noise for training from noisy images.",
    "figure": "Draw a slide: an image before and after, and what was removed.",
    "report": "Write the quality report of a run, one HTML page.",
    "export": "Write a model as ONNX, or for Hugging Face.",
    "serve": "Serve models over HTTP, with a web page.",
    "info": "Describe a model.",
    "data": "List the named datasets and where each was found.",
    "demo": "Train on the digits in the package for a minute and show the result.",
}
FAILED, INTERRUPTED, BROKEN_PIPE = 2, 130, 141  # the last two as after a signal
EXTRAS = {  # modules that another extra than train installs
    "serve": ("fastapi", "fastapi_offline", "multipart", "prometheus_client", "pydantic",
              "python_multipart", "starlette", "uvicorn"),
    "cluster": ("ray",),
    "remote": ("fsspec",),
    "hub": ("huggingface_hub",),
    "zarr": ("zarr",),
}  # fmt: skip


def build_app(called: str | None = None) -> App:
    """Return the command-line application; the verb that is called describes itself at length."""
    app = App(
        name="unnoise",
        help="Train a denoiser on your own images and run it anywhere.",
        version=unnoise.__version__,
        result_action="return_value",
        suppress_keyboard_interrupt=False,  # main prints a message
    )
    for verb, summary in VERBS.items():
        module = f"unnoise.cli.{verb.replace('-', '_')}:app"
        app.command(module, name=verb, help=None if verb == called else summary)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    keep_freed_memory()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of files are any bytes
    arguments = _joined(sys.argv[1:] if arguments is None else arguments)
    try:
        app = build_app(next(iter(arguments), None))
        status = app(arguments, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except (UnnoiseError, CycloptsError) as error:
        print(f"unnoise: {error}", file=sys.stderr)
        sys.exit(FAILED)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("unnoise"):
            raise
        module = (error.name or "").split(".")[0]
        extra = next((extra for extra, names in EXTRAS.items() if module in names), "train")
        print(
            f"unnoise: this needs {error.name}: install it with pip install 'unnoise[{extra}]'",
            file=sys.stderr,
        )
        sys.exit(FAILED)
    except KeyboardInterrupt:
        print("unnoise: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except SystemExit as leaving:
        # Rich, which writes the help, leaves by itself where its reader has gone.
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        _leave_pipe()
    except BrokenPipeError:
        _leave_pipe()
    sys.exit(status or 0)


def _joined(arguments: Sequence[str]) -> list[str]:
    """Join ``--out`` and ``-``, which the parser would take for an option without a name."""
    joined = list(arguments)
    for place in range(len(joined) - 1, 0, -1):
        if joined[place - 1 : place + 1] == ["--out", "-"]:
            joined[place - 1 : place + 1] = ["--out=-"]
    return joined


def _leave_pipe() -> NoReturn:
    """Exit where nobody reads the output; otherwise Python tries to write the rest of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(BROKEN_PIPE)
