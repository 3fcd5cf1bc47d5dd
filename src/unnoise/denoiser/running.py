"""Where and how a model runs; defined, explained and checked here alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from unnoise.denoiser.loading import ModelPlace, load_backend
from unnoise.denoiser.options import check_word
from unnoise.errors import ConfigError

if TYPE_CHECKING:
    from unnoise.denoiser.denoiser import Denoiser

Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class Running:
    """Where and how a model runs. A value that is not allowed raises ``ConfigError``.

    Parameters
    ----------
    device
        cpu, cuda, mps or auto.
    precision
        Arithmetic of networks that correct their input, as all unet do; auto takes bf16, which is
        faster, where the hardware has it, else fp32. bf16 costs photo less than 0.01 dB.
    compile
        On a GPU: let torch compile the network for the first image of each size, which takes a
        minute and pays for many images.
    """

    device: str = "auto"
    precision: Precision = "auto"
    compile: bool = False

    def __post_init__(self) -> None:
        """Check what can be checked without torch."""
        check_word("precision", self.precision, Precision)

    def load(self, path: str | Path) -> "Denoiser":
        """Load a denoiser that runs like this; see ``unnoise.load``."""
        from unnoise.denoiser.denoiser import Denoiser

        place = ModelPlace.of(path)
        if not place.uses_torch:
            if self.precision == "bf16" or self.compile:
                raise ConfigError(
                    "bf16 and compile are for torch: leave them out, or use a .safetensors model "
                    "with torch (pip install 'unnoise[train]')"
                )
            device = "cpu" if self.device == "auto" else self.device
            return Denoiser(*load_backend(place.file, device=device))
        from unnoise.devices import choose_bf16, choose_device

        on = choose_device(self.device)
        if self.compile and on.type != "cuda":
            raise ConfigError(
                f"compile is set and the device is {on}: it is for CUDA; elsewhere a compiled "
                "network is no faster"
            )
        bf16 = choose_bf16(self.precision, on)
        loaded = load_backend(place.file, device=str(on), bf16=bf16, compiles=self.compile)
        return Denoiser(*loaded)
