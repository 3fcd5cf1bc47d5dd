"""The forms of one model on its device: for colour and for grey images, at a stride, compiled."""

from functools import cached_property
from typing import cast

import torch

from unnoise.denoiser.channels import makes_grey
from unnoise.models import Interleaved, Model, grey, place


class Forms:
    """A model, ready to run, and what is made of it when images ask for that.

    Args:
        model: Goes to the device.
        device: Where it runs.
        compiles: Whether torch compiles each form when it first runs.
    """

    def __init__(self, model: Model, device: torch.device, *, compiles: bool = False) -> None:
        self.model = place(model, device).eval()
        self._device = device
        self._compiles = compiles

    def at(self, channels: int, stride: int = 1) -> Model:
        """Return the model for images of so many channels, seen at a stride."""
        model = self._grey if makes_grey(channels, self.model.channels) else self._plain
        return Interleaved(model, stride).eval() if stride > 1 else model

    @cached_property
    def _plain(self) -> Model:
        return self._compiled(self.model)

    @cached_property
    def _grey(self) -> Model:
        return self._compiled(place(grey(self.model), self._device).eval())

    def _compiled(self, model: Model) -> Model:
        # What torch returns runs compiled code and has the attributes of the model.
        return cast("Model", torch.compile(model)) if self._compiles else model
