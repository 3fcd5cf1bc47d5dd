"""Every method of the comparison: how to call it, and the PSNR that its authors published.

A method takes a noisy image ``(H, W, C)``, float32, and the standard deviation of its noise. It
returns an image of the same shape. The blind ones (unnoise and DnCNN-B) ignore the deviation.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from networks import NETWORKS
from numpy.typing import NDArray

import unnoise
from unnoise.devices import choose_bf16
from unnoise.evaluation.baselines import BASELINES

sys.path.append(str(Path(__file__).with_name(".packages")))  # requirements.txt

Image = NDArray[np.float32]
Method = Callable[[Image, float], Image]

SIGMAS = (15, 25, 50)
OURS = "unnoise photo"
CLASSICAL = ("BM3D", "NLM, OpenCV", "NLM, scikit-image", "total variation", "wavelet")
METHODS = (OURS, *CLASSICAL, *NETWORKS)

# dB at sigma 15, 25 and 50, from the papers of the methods and the tables of DRUNet's.
PUBLISHED: dict[str, dict[str, tuple[float, float, float]]] = {
    "BSD68": {
        "BM3D": (31.08, 28.57, 25.60),
        "DnCNN-B": (31.61, 29.16, 26.23),
        "FFDNet": (31.63, 29.19, 26.29),
        "DRUNet": (31.91, 29.48, 26.59),
    },
    "CBSD68": {
        "BM3D": (33.52, 30.71, 27.38),
        "DnCNN-B": (33.90, 31.24, 27.95),
        "FFDNet": (33.87, 31.21, 27.96),
        "DRUNet": (34.30, 31.69, 28.51),
    },
    "Set12": {
        "BM3D": (32.37, 29.97, 26.72),
        "DnCNN-B": (32.68, 30.36, 27.21),
        "FFDNet": (32.75, 30.43, 27.32),
        "DRUNet": (33.25, 30.94, 27.90),
    },
}


def build(name: str, channels: int, precision: Literal["auto", "fp32"] = "auto") -> Method:
    """Return a method for images with this number of channels; the precision is of ours."""
    if name == OURS:
        denoiser = unnoise.load("photo", precision=precision)

        def ours(noisy: Image, _: float) -> Image:
            # Not denoiser(noisy), which takes values far outside [0, 1] for another scale.
            stack = np.ascontiguousarray(np.moveaxis(noisy, -1, 0)[None])
            return np.moveaxis(denoiser.denoise_floats(stack)[0], 0, -1)

        return ours
    if name in NETWORKS:
        return _network(name, channels)
    return {
        "BM3D": BASELINES["bm3d"],
        "NLM, OpenCV": _opencv,
        "NLM, scikit-image": _scikit_image,
        "total variation": _total_variation,
        "wavelet": BASELINES["wavelet"],
    }[name]


def kilomacs(name: str, channels: int) -> float | None:
    """Return thousands of multiply-adds per pixel; None for a method without a network."""
    if name == OURS:
        return float(unnoise.load("photo").describe()["kmacs_per_pixel"])
    if name not in NETWORKS:
        return None
    total, side = 0, 64

    def count(layer: torch.nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal total
        transposed = isinstance(layer, torch.nn.ConvTranspose2d)
        places = (inputs[0] if transposed else output)[0, 0].numel()
        weight = layer.weight
        assert isinstance(weight, torch.Tensor)
        total += weight.numel() * places

    network = NETWORKS[name](channels)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, channels, side, side))
    return total / side**2 / 1000


def _network(name: str, channels: int) -> Method:
    # The stubs of torch know memory_format only together with a tensor.
    network = NETWORKS[name](channels).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    bf16 = choose_bf16("auto", torch.device("cpu"))

    def run(noisy: Image, _: float) -> Image:
        images = torch.from_numpy(np.moveaxis(noisy, -1, 0)[None])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            result = network(images.contiguous(memory_format=torch.channels_last)).float()
        return np.moveaxis(result[0].numpy(), 0, -1)

    return run


# The factors of sigma are the best of a few, on six crops of training photographs at three sigmas,
# for grey and for colour.


def _opencv(noisy: Image, sigma: float) -> Image:
    """Non-local means of OpenCV. It takes 8 bits, so the noise is clipped."""
    import cv2

    values = np.clip(np.rint(noisy * 255), 0, 255).astype(np.uint8)
    if noisy.shape[2] == 1:
        result = cv2.fastNlMeansDenoising(values[..., 0], None, 0.9 * 255 * sigma, 7, 21)
    else:
        strength = 0.8 * 255 * sigma
        values = np.ascontiguousarray(values[..., ::-1])
        result = cv2.fastNlMeansDenoisingColored(values, None, strength, strength, 7, 21)
        result = result[..., ::-1]
    restored: Image = (result.reshape(noisy.shape) / 255).astype(np.float32)
    return restored


def _scikit_image(noisy: Image, sigma: float) -> Image:
    """Non-local means of scikit-image."""
    from skimage.restoration import denoise_nl_means

    factor = 0.7 if noisy.shape[2] == 1 else 0.6
    restored: Image = denoise_nl_means(
        noisy,
        patch_size=5,
        patch_distance=6,
        h=factor * sigma,
        sigma=sigma,
        fast_mode=True,
        channel_axis=-1,
    )
    return restored


def _total_variation(noisy: Image, sigma: float) -> Image:
    return BASELINES["total variation"](noisy, 0.8 * sigma)
