"""Which images of a stack follow each other in time, and the blend of their results.

A blend makes the results of a stack depend on each other. So it is done unasked for films alone,
and for other stacks on request.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unnoise.denoiser.blending import Steadier
from unnoise.denoiser.options import Steady
from unnoise.denoiser.seen import Seen
from unnoise.errors import ConfigError
from unnoise.images import Layout, Neighbours

MOST = 2**25  # pixels that are held; an image of 7680 × 4320 has 33 million


@dataclass(frozen=True)
class Course:
    """The images of a stack that follow each other in time: each the one ``step`` before it."""

    axis: str  # its letter
    length: int
    step: int

    def begins(self, index: int) -> bool:
        """Whether no image comes before this one."""
        return index // self.step % self.length == 0

    @property
    def note(self) -> str:
        """What is done, for the user."""
        return (
            f"results along {self.axis} were blended where nothing changes, against flicker: "
            "--steady off keeps each as it is"
        )


def course_of(
    use: Steady, layout: Layout, *, film: bool, around: Neighbours | None, name: str
) -> tuple[Course | None, tuple[str, ...]]:
    """Return along which images of a stack results are blended, None for none; and notes.

    Args:
        use: The option.
        layout: Of the stack.
        film: Whether its images are frames of a film.
        around: The images that the model sees together; None for a model of single images.
        name: Of the stack, for messages.

    Raises:
        ConfigError: It is asked for, and the axis is not known, or the images are too large.
    """
    wanted = use == "on" or (use == "auto" and film and around is None)
    axes = dict(zip(layout.stack_axes, layout.stack_shape, strict=True))
    long = [axis for axis, length in axes.items() if length > 1]
    if not wanted or not long:
        return None, ()
    if len(long) > 1 and "T" not in long:
        raise ConfigError(
            f"steady is on, and {name} has the axes {layout.axes}: call the one that is time T, "
            "with --axes"
        )
    axis = "T" if "T" in long else long[0]
    step = int(np.prod([axes[each] for each in layout.stack_axes.partition(axis)[2]], dtype=int))
    held = step * layout.height * layout.width
    if held > MOST:
        problem = (
            f"results along {axis} cannot be blended against flicker: {held:,} pixels would be "
            f"held, and the limit is {MOST:,}"
        )
        if use == "on":
            raise ConfigError(f"{name}: {problem}; leave out --steady")
        return None, (problem,)
    return Course(axis, axes[axis], step), ()


class OverTime:
    """Blends the results of the images of a stack, which come in its order."""

    def __init__(self, course: Course, groups: Sequence[slice]) -> None:
        self._course, self._groups = course, groups
        self._count = 0
        self._latest: dict[int, list[Steadier]] = {}

    def next(self, seen: Seen) -> Seen:
        """Blend the result of the next image, which is whole; see ``Steadier.blend``.

        Channels of a group, such as colours, change together.
        """
        place = self._count % self._course.step
        if self._course.begins(self._count):
            self._latest[place] = [Steadier() for _ in self._groups]
        self._count += 1
        made = []
        for group, steadier in zip(self._groups, self._latest[place], strict=True):
            lacks = None if seen.lacks is None else np.asarray(seen.lacks[0, ..., group].any(-1))
            made.append(steadier.blend(seen.noisy[0, group], seen.result[0, group], lacks))
        return seen._replace(result=np.concatenate(made)[None])
