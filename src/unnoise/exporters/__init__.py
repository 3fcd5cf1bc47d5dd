"""A trained denoiser for other programs: one ONNX file, or a folder for Hugging Face.

Training does not need this room, and the written files need neither this room nor torch.
"""

from unnoise.exporters.hub import write_hub_folder
from unnoise.exporters.onnx_file import Exported, write_onnx

__all__ = ["Exported", "write_hub_folder", "write_onnx"]
