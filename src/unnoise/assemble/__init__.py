"""From settings to the objects of a training: the only room that knows every table."""

from unnoise.assemble.assembly import Assembly, assemble, complete

__all__ = ["Assembly", "assemble", "complete"]
