"""What a training works on: the method, and which images play which part in it."""

from dataclasses import dataclass
from functools import cached_property

from unnoise.data.parts import Part, digest
from unnoise.facts import Structure
from unnoise.objectives import OBJECTIVES

Groups = tuple[tuple[int, ...], ...]  # the indices of the images of each scene


@dataclass(frozen=True)
class Plan:
    """What a training works on.

    Attributes:
        name: What the user called the images.
        objective: A name in the table of objectives.
        reason: Why that one, in words.
        views: What is known of each scene: ``(clean,)``, ``(noisy, clean)`` or ``(noisy,)``. Each
            view has its parts in the same order. Captures are one view.
        scenes: For captures: the images of each scene, counted through all parts.
        noise: The spec that makes clean images noisy, or noisy images of pairs noisier in
            training; None where nothing does.
        stride: Stride at which noisy images are seen; None where the grain of their noise decides.
        structure: Along what the pixels of noisy images share noise.
        hint: What else the user could do, in words; empty if nothing.
        failures: The files that could not be read.
    """

    name: str
    objective: str
    reason: str
    views: tuple[tuple[Part, ...], ...]
    scenes: Groups | None = None
    noise: str | None = None
    stride: int | None = None
    structure: Structure = "none"
    hint: str = ""
    failures: tuple[str, ...] = ()

    @cached_property
    def note(self) -> str:
        """The method, its reason, and a digest of the images by which a change is noticed.

        Files are known by their names and sizes, images in memory by their values.
        """
        facts = [part.fingerprint for view in self.views for part in view]
        return (
            f"{self.objective}: {self.reason}\n{self.count} images, {digest(repr(facts).encode())}"
        )

    @property
    def count(self) -> int:
        """Images of one view."""
        return sum(part.count for part in self.views[0])

    @property
    def noisy_only(self) -> bool:
        """Whether the objective learns from noisy images alone."""
        return OBJECTIVES[self.objective].learns_from == "noisy"

    @property
    def packed(self) -> bool:
        """Whether they are in tar shards, which are always streamed."""
        return self.views[0][0].packed is not None
