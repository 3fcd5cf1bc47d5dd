"""The papers of the methods, as other programs ask for them: a text and its address."""

from unnoise.runs import ModelInfo

DOI = "https://doi.org/"
ARXIV = "https://arxiv.org/abs/"
OBJECTIVES = {
    "supervised": (
        "Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders "
        "(ICML 2008)",
        f"{DOI}10.1145/1390156.1390294",
    ),
    "noise2noise": (
        "Lehtinen et al., Noise2Noise: Learning Image Restoration without Clean Data (ICML 2018)",
        f"{ARXIV}1803.04189",
    ),
    "neighbor2neighbor": (
        "Huang et al., Neighbor2Neighbor: Self-Supervised Denoising from Single Noisy Images "
        "(CVPR 2021)",
        f"{ARXIV}2101.02824",
    ),
    "noise2void": (
        "Krull et al., Noise2Void: Learning Denoising from Single Noisy Images (CVPR 2019)",
        f"{DOI}10.1109/CVPR.2019.00223",
    ),
    "interpolation": (
        "Lecoq et al., Removing independent noise in systems neuroscience data using "
        "DeepInterpolation (Nature Methods 2021)",
        f"{DOI}10.1038/s41592-021-01285-2",
    ),
}
UNET = (
    "Ronneberger et al., U-Net: Convolutional Networks for Biomedical Image Segmentation "
    "(MICCAI 2015)",
    f"{DOI}10.1007/978-3-319-24574-4_28",
)


def citations(info: ModelInfo) -> list[dict[str, str]]:
    """Return the papers of the objective and of the network, as ``text`` and ``url``."""
    objective = info.objective.split(",")[0]
    found = [OBJECTIVES[objective]] if objective in OBJECTIVES else []
    if info.model.startswith("unet"):
        found.append(UNET)
    return [{"text": text, "url": url} for text, url in found]
