"""What a training works on: the method, and which images play which part in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

from unnoise.data.batches import Groups
from unnoise.data.parts import Part, digest
from unnoise.facts import Structure
from unnoise.objectives import OBJECTIVES


@dataclass(frozen=True)
class Plan:
    """What a training works on.

    The views are ``(clean,)``, ``(noisy, clean)`` or ``(noisy,)``, with their parts in the same
    order. Captures are one view.
    """

    name: str  # the user's name for the images
    objective: str
    reason: str  # for this objective
    views: tuple[tuple[Part, ...], ...]
    scenes: Groups | None = None  # for captures: the images of each scene, counted over all parts
    noise: str | None = None  # a spec; makes clean images noisy, or noisy images noisier
    stride: int | None = None  # for noisy images; None: the grain of their noise decides
    structure: Structure = "none"  # along what noisy images share noise
    depth: Mapping[str, int] = field(default_factory=dict)  # images seen together, along each axis
    hint: str = ""  # what else the user could do
    failures: tuple[str, ...] = ()  # the files that could not be read

    @cached_property
    def note(self) -> str:
        """The method, its reason, and a digest of the images, by which a change is noticed."""
        facts = [part.fingerprint for view in self.views for part in view]
        images = f"{self.count} images, {digest(repr(facts).encode())}"
        along = "".join(f", {count} along {axis}" for axis, count in self.depth.items())
        return f"{self.objective}: {self.reason}{along}\n{images}"

    @property
    def count(self) -> int:
        """Images of one view."""
        return sum(part.count for part in self.views[0])

    @property
    def images(self) -> int:
        """Images that are seen together to give one."""
        return prod(self.depth.values())

    @property
    def noisy_only(self) -> bool:
        """Whether the objective learns from noisy images alone."""
        return OBJECTIVES[self.objective].learns_from == "noisy"

    @property
    def packed(self) -> bool:
        """Whether the images are in tar shards, which are always streamed."""
        return self.views[0][0].packed is not None
