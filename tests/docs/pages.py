"""Reads the commands out of README and docs, and shortens their trainings to a few steps."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"(?:^ *<!-- not run: (?P<reason>[^\n]*) -->\n)?^(?P<indent> *)```(?P<kind>\w+)[^\n]*\n"
    r"(?P<body>.*?)^(?P=indent)```",
    re.S | re.M,
)
REASONS = {"a cluster", "a GPU", "the network", "a container engine", "hours", "another program",
           "root", "files of this entry"}  # fmt: skip
STEPS = "4"
LENGTHS = {"--minutes", "--steps", "--epochs"}
# Verbs that refuse to replace what an earlier line of the page wrote.
WRITING = {"denoise", "figure", "export", "noise-model", "inspect", "probe", "evaluate"}


@dataclass(frozen=True)
class Block:
    """One block of code of a page."""

    page: str
    line: int
    kind: str  # sh, python, ...
    body: str
    reason: str | None  # why it is not run

    def __str__(self) -> str:
        """Name the place, for the names of tests."""
        return f"{self.page}:{self.line}"


def pages() -> Iterator[Path]:
    """Yield README and docs, but the log of the laboratory, which is history."""
    yield ROOT / "README.md"
    for path in sorted(ROOT.glob("docs/**/*.md")):
        name = str(path.relative_to(ROOT / "docs"))
        if not name.startswith(("lab-notes", "reference/made", "_build", "learn", "project")):
            yield path


def blocks() -> Iterator[Block]:
    """Yield the blocks of code of all pages."""
    for path in pages():
        text = path.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            yield Block(
                str(path.relative_to(ROOT)),
                text.count("\n", 0, found.start("kind")) + 1,
                found["kind"],
                found["body"],
                found["reason"],
            )


def lines(block: Block) -> list[str]:
    """Return the commands of a block, without comments and continuations."""
    joined = block.body.replace("\\\n", " ")
    stripped = (re.sub(r"(^|\s)#\s.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in stripped if line]


def shortened(words: Sequence[str]) -> list[str]:
    """Return the arguments of unnoise with a training of a few steps, replacing what is there."""
    verb, *rest = words
    rest = ["digits" if word == "mnist" else word for word in rest]
    trains_itself = verb == "denoise" and "self" in rest
    if verb == "train":
        rest = _without(rest, LENGTHS)
        rest += ["--steps", STEPS] if "--dry-run" not in rest else []
        if not {"--resume", "--dry-run"} & set(rest):
            rest.append("--overwrite")
    elif trains_itself:
        rest = [*_without(rest, {"--minutes"}), "--minutes", "0.02", "--no-inspect"]
    if verb in WRITING and _writes(verb, rest) and not _has(rest, "--skip-existing", "--overwrite"):
        rest.append("--overwrite")
    return [verb, *rest]


def _writes(verb: str, rest: Sequence[str]) -> bool:
    return verb not in ("inspect", "probe", "evaluate", "noise-model") or "--report" in rest


def _has(words: Sequence[str], *options: str) -> bool:
    return bool(set(options) & set(words))


def _without(words: Sequence[str], options: set[str]) -> list[str]:
    """Return words without options and their values."""
    kept, skip = [], False
    for word in words:
        if not skip and word not in options:
            kept.append(word)
        skip = not skip and word in options
    return kept


def split(line: str) -> list[str]:
    """Return the words of a command."""
    return shlex.split(line)
