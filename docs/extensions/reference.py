"""Sphinx extension: writes the reference pages that follow from the code into docs/reference/made/.

What stands in the code is not typed again: the options of every verb, the settings of a training,
the presets, the noises, the networks, the formats, the errors and the HTTP interface.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from docstring_parser import parse
from sphinx.application import Sphinx

Rows = Iterable[Iterable[object]]


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for pages."""
    folder = Path(app.srcdir) / "reference/made"
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        _write(folder / f"{name}.md", make())
    app.connect("autodoc-process-docstring", _escape)
    return {"parallel_read_safe": True}


def _escape(*event: Any) -> None:
    """Escape the star of patterns such as scans/*.tif, which would begin an emphasis."""
    lines: list[str] = event[-1]
    lines[:] = [re.sub(r"(?<=/)\*(?=[/.])", r"\*", line) for line in lines]


def _write(path: Path, text: str) -> None:
    """Write a page, if it changed: Sphinx reads again only what is newer."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def command_line() -> str:
    """Return the help of every verb."""
    from unnoise.cli import VERBS, build_app

    page = [
        "# Command line",
        "`unnoise VERB --help` prints the same. Names and defaults equal those in Python and in "
        "TOML files.",
        table(("verb", "what it does"), [(f"[`{v}`](#unnoise-{v})", t) for v, t in VERBS.items()]),
    ]
    for verb in VERBS:
        help_text = build_app(verb)[verb].generate_docs(output_format="markdown", heading_level=2)
        _, usage = str(help_text).split("\n", 1)
        usage = usage.replace(f"```console\n{verb}", f"```console\nunnoise {verb}")
        page += [f"## unnoise {verb}", usage.strip()]
    return joined(page)


def settings() -> str:
    """Return the settings of a training, with types and defaults, and the presets."""
    from unnoise.runs import TrainConfig
    from unnoise.runs.layers import PRESETS, to_toml

    described = {
        each.arg_name: each.description or "" for each in parse(TrainConfig.__doc__ or "").params
    }
    rows = [
        (f"`{field.name}`", _default(field.default), cell(described[field.name]))
        for field in TrainConfig.__dataclass_fields__.values()
    ]
    page = [
        "# Settings of a training",
        "These are options of `unnoise train` (`--batch-size 8`), arguments of `unnoise.train` "
        "(`batch_size=8`), and lines of a TOML file (`batch_size = 8`), which `--config FILE` "
        "reads. Arguments replace lines of the file, and the file replaces the preset. The run "
        "folder keeps all of them in `config.toml`, which repeats the training.",
        table(("setting", "default", "meaning"), rows),
        "## Presets",
        "`--preset NAME` sets several at once.",
    ]
    for name, values in PRESETS.items():
        page += [f"### {name}", f"```toml\n{to_toml(values).rstrip()}\n```"]
    return joined(page)


def noises() -> str:
    """Return the table of corruptions with their levels and settings."""
    from unnoise.noise import NOISES

    page = ["# Corruptions", "[Noise specs](../../noise.md) explains how they are combined."]
    for name, noise in NOISES.items():
        rows: list[tuple[str, str, str, str]] = [("level", noise.meaning, "", noise.allowed)]
        for key, setting in noise.settings.items():
            low, high = setting.default
            default = f"{low:g}" if low == high else f"{low:g}..{high:g}"
            rows.append((f"`{key}`", setting.meaning, default, setting.allowed))
        page += [
            f"## {name}",
            rest(inspect.getdoc(noise.apply)),
            table(("number", "meaning", "default", "allowed"), [map(cell, row) for row in rows]),
        ]
        if noise.grey:
            page.append(f"Images of one channel: {noise.grey}.")
    return joined(page)


def errors() -> str:
    """Return the errors and the statuses with which the command line exits."""
    from unnoise import cli
    from unnoise.errors import UnnoiseError

    statuses = [
        (0, "All work was done."),
        (cli.FAILED, "An error, or at least one file that could not be used; the message says "
         "what was got, what is allowed and what to try. The other files are done."),
        (cli.INTERRUPTED, "Interrupted by Ctrl-C."),
        (cli.BROKEN_PIPE, "Nobody reads standard output any more."),
    ]  # fmt: skip
    kinds: list[type[UnnoiseError]] = [UnnoiseError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    rows = [(f"`{kind.__name__}`", f"`{kind.__base__.__name__}`", rest(inspect.getdoc(kind)))
            for kind in kinds if kind.__base__]  # fmt: skip
    return joined(
        [
            "# Exit codes and errors",
            "## Exit codes",
            table(("status", "meaning"), statuses),
            "Results go to standard output, progress and messages to standard error. Output files "
            "are written under a temporary name and renamed, so a file is whole or not there.",
            "## Errors in Python",
            "All are in `unnoise.errors`, and derive from `unnoise.UnnoiseError`. Any other "
            "exception is a bug: please report it.",
            table(("error", "is a", "when"), rows),
        ]
    )


def http() -> str:
    """Return the HTTP interface, from its description."""
    from unnoise.server import ServerSettings
    from unnoise.server.app import make_app

    described = make_app([], ServerSettings()).openapi()
    page = ["# HTTP interface", HTTP]
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            page += [f"## {method.upper()} {path}", told.get("description") or told["summary"]]
            rows = [
                (
                    f"`{p['name']}`",
                    p["in"],
                    cell(_kind(p["schema"])),
                    cell(p.get("description", "")),
                )
                for p in told.get("parameters", ())
            ]
            if rows:
                page.append(table(("parameter", "in", "takes", "meaning"), rows))
            bodies = told.get("requestBody", {}).get("content", {})
            if bodies:
                page.append("Body: " + ", ".join(f"`{kind}`" for kind in bodies) + ".")
            page.append(
                table(
                    ("status", "meaning"),
                    [(code, cell(r["description"])) for code, r in told["responses"].items()],
                )
            )
    return joined(page)


HTTP = (
    "`unnoise serve` answers on this machine, and shows a page to people. Its own description is "
    "at `/docs` (OpenAPI at `/openapi.json`), without requests to other hosts. "
    "[Ship it](../../ship.md) has examples, limits and tokens."
)


def table(head: Iterable[str], rows: Rows) -> str:
    """Return a table in Markdown."""
    head = tuple(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def cell(text: object) -> str:
    """Return a text as the cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def rest(docstring: str | None) -> str:
    """Return a docstring, written for Python, as Markdown on one line."""
    return " ".join((docstring or "").replace("``", "`").split())


def joined(blocks: Iterable[str]) -> str:
    """Return a page of blocks."""
    return "\n\n".join(blocks) + "\n"


def _default(value: object) -> str:
    return "" if value is None or not isinstance(value, str | int | float) else f"`{value}`"


def _kind(schema: Mapping[str, Any]) -> str:
    """Return what a parameter takes, with its default."""
    choices = [*schema.get("enum", ()), *(c.get("type", "") for c in schema.get("anyOf", ()))]
    kind = ", ".join(map(str, choices)) or str(schema.get("type", ""))
    default = f", default {schema['default']}" if schema.get("default") is not None else ""
    return cell(kind + default)


PAGES: dict[str, Callable[[], str]] = {
    "command-line": command_line,
    "settings": settings,
    "corruptions": noises,
    "errors": errors,
    "http": http,
}
