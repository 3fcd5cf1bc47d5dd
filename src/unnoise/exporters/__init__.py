"""A trained denoiser for other programs: ONNX, darktable, the BioImage Model Zoo, Hugging Face.

Training does not need this room, and the written files need neither this room nor torch.
"""

from unnoise.exporters.about import About
from unnoise.exporters.bioimage import write_bioimage
from unnoise.exporters.darktable import write_darktable
from unnoise.exporters.hub import write_hub_folder
from unnoise.exporters.onnx_file import Exported, write_onnx

__all__ = [
    "About",
    "Exported",
    "write_bioimage",
    "write_darktable",
    "write_hub_folder",
    "write_onnx",
]
