"""The noise of a colour camera, from the light on its sensor to the developed photograph.

Photons pass a mosaic of colour filters and are counted (shot noise); electronics read the counts
(read noise). Development fills the mosaic, balances colours, applies the tone curve of sRGB,
reduces noise (which leaves a grain, strongest in texture), and sharpens. Only the noise passes
these steps. The scene does not, since the clean image is wanted back.

Levels of shot and read noise, exposure and white balance: Brooks et al., "Unprocessing images for
learned raw denoising", CVPR 2019, section 3. Widths of the grain: measured on developed photographs
(docs/photo.md).
"""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from unnoise.noise.draws import normal, uniform
from unnoise.noise.grain import blur, split
from unnoise.types import RGB

SHOT = 1e-6  # variance of shot noise of a white pixel at ISO 1, for sensors of 24 × 16 mm and more
READ = 2.18, 1.20, 0.26  # log(variance of read noise) = 2.18 log(shot) + 1.20 ± 0.26
EXPOSURE = 0.5, 1.0  # value of white in the raw image
BALANCE = 1.2, 2.6  # gains of red and blue
MIXED = 0.0, 0.35  # share of the other colours in the light that passes a filter
KEPT_LUMA, KEPT_CHROMA = (0.35, 1.1), (0.4, 1.6)  # share left by noise reduction and contrast
SHARPENED, SHARPENING, REACH = 0.3, (0.3, 1.5), 1.0  # chance, strength, and radius in pixels
TINY = 1e-12  # a smaller standard deviation counts as no noise
GRAINY = 0.85  # chance of noise reduction
# Noise reduction weakens weak noise, by this power of its size. So the noise of cameras has a
# kurtosis of 3.7 to 6.5; normal noise has 3.
CORED = 0.0, 0.3
# The contrast curves of cameras raise noise with a power of brightness; it is 1 at the middle.
RISE, DARK, MIDDLE = (-0.1, 0.7), 0.05, 0.4
# Share of the noise that stays in flat places; texture that keeps half of the rest; its radius.
FLAT, TEXTURE, AROUND = (0.3, 1.0), (0.005, 0.03), 2.0

# Kernels to fill the mosaic, in 16ths: green at red and blue; red (blue) at a green pixel with red
# (blue) to its sides; the same with red (blue) above and below; red at blue. First plain means of
# neighbours, then the gradient-corrected ones of Malvar, He and Cutler (ICASSP 2004, figure 2).
BILINEAR = (
    ((0, 0, 0, 0, 0), (0, 0, 4, 0, 0), (0, 4, 0, 4, 0), (0, 0, 4, 0, 0), (0, 0, 0, 0, 0)),
    ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0), (0, 8, 0, 8, 0), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)),
    ((0, 0, 0, 0, 0), (0, 0, 8, 0, 0), (0, 0, 0, 0, 0), (0, 0, 8, 0, 0), (0, 0, 0, 0, 0)),
    ((0, 0, 0, 0, 0), (0, 4, 0, 4, 0), (0, 0, 0, 0, 0), (0, 4, 0, 4, 0), (0, 0, 0, 0, 0)),
)
MALVAR = (
    ((0, 0, -2, 0, 0), (0, 0, 4, 0, 0), (-2, 4, 8, 4, -2), (0, 0, 4, 0, 0), (0, 0, -2, 0, 0)),
    ((0, 0, 1, 0, 0), (0, -2, 0, -2, 0), (-2, 8, 10, 8, -2), (0, -2, 0, -2, 0), (0, 0, 1, 0, 0)),
    ((0, 0, -2, 0, 0), (0, -2, 8, -2, 0), (1, 0, 10, 0, 1), (0, -2, 8, -2, 0), (0, 0, -2, 0, 0)),
    ((0, 0, -3, 0, 0), (0, 4, 0, 4, 0), (-3, 0, 12, 0, -3), (0, 4, 0, 4, 0), (0, 0, -3, 0, 0)),
)


def camera(
    clean: Tensor, level: Tensor, generator: Generator, luma: Tensor, chroma: Tensor
) -> Tensor:
    """Add the noise of a developed photograph to sRGB images; grey ones get its luma alone."""
    colours = clean if clean.shape[1] == RGB else split(clean)[0].expand(-1, RGB, -1, -1)
    noise = _reduce(develop(colours, level, generator), luma, chroma, generator)
    noise = noise * _kept(split(colours)[0], generator)
    return clean + (noise if clean.shape[1] == RGB else split(noise)[0])


def develop(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Return the noise in sRGB, with the mosaic filled, before noise reduction."""
    light = to_linear(clean)
    exposure = _uniform(clean, generator, EXPOSURE)
    mixed = _uniform(clean, generator, MIXED)
    red, blue = (_uniform(clean, generator, BALANCE) for _ in range(2))
    balance = torch.cat([red, torch.ones_like(red), blue], dim=1)
    raw = exposure * _mix(light, mixed) / balance
    shot = SHOT * level * torch.exp(0.3 * normal(clean, generator, 1, 1, 1))
    slope, offset, spread = READ
    read = slope * torch.log(shot) + offset + spread * normal(clean, generator, 1, 1, 1)
    deviation = (shot * raw + torch.exp(read)).sqrt()
    noise = _fill(deviation * normal(clean, generator), uniform(clean, generator, 1, 1, 1))
    noise = _unmix(noise * balance, mixed) / exposure
    return to_srgb(light + noise) - to_srgb(light)


def _reduce(noise: Tensor, luma: Tensor, chroma: Tensor, generator: Generator) -> Tensor:
    """Reduce noise as cameras do, and sharpen the rest."""
    grainy = uniform(noise, generator, 1, 1, 1) < GRAINY
    bright, colours = split(noise)
    power = _uniform(noise, generator, CORED) * grainy
    bright, colours = (
        _cored(blur(part, width * grainy), power)
        for part, width in ((bright, luma), (colours, chroma))
    )
    bright = bright * _uniform(noise, generator, KEPT_LUMA)
    colours = colours * _uniform(noise, generator, KEPT_CHROMA)
    strength = _uniform(noise, generator, SHARPENING)
    strength = strength * (uniform(noise, generator, 1, 1, 1) < SHARPENED)
    bright = bright + strength * (bright - blur(bright, torch.full_like(luma, REACH)))
    return bright + colours


def _cored(noise: Tensor, power: Tensor) -> Tensor:
    """Weaken weak noise and strengthen strong noise; the mean square stays."""
    size = noise.square().mean(1, keepdim=True).sqrt()
    whole = size.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(TINY)
    cored = noise * (size / whole) ** power
    return cored * whole / cored.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(TINY)


def _kept(bright: Tensor, generator: Generator) -> Tensor:
    """Return the share of the noise that stays at each pixel, by brightness and texture."""
    bright = bright.clamp(0, 1)
    rise = ((bright + DARK) / (MIDDLE + DARK)) ** _uniform(bright, generator, RISE)
    width = torch.full_like(bright[:, :1, :1, :1], AROUND)
    texture = blur((bright - blur(bright, width)).abs(), width)
    flat = _uniform(bright, generator, FLAT)
    half = _uniform(bright, generator, TEXTURE)
    return rise * (flat + (1 - flat) * texture / (texture + half))


def _fill(noise: Tensor, corrected: Tensor) -> Tensor:
    """Keep one colour per pixel (red, green / green, blue), and fill the others from neighbours."""
    height, width = noise.shape[2:]
    row = torch.arange(height, device=noise.device)[:, None] % 2
    column = torch.arange(width, device=noise.device) % 2
    red, blue = (row + column == 0), (row + column == 2)
    beside, below = (row == 0) & (column == 1), (row == 1) & (column == 0)  # green, beside red
    choose = torch.where
    mosaic = choose(red, noise[:, :1], choose(blue, noise[:, 2:], noise[:, 1:2]))
    padded = F.pad(mosaic, (2, 2, 2, 2), mode="circular")
    plain, better = (
        F.conv2d(padded, noise.new_tensor(kernels)[:, None] / 16) for kernels in (BILINEAR, MALVAR)
    )
    green, aside, above, across = (plain + corrected * (better - plain)).split(1, dim=1)
    return torch.cat(
        [
            choose(red, mosaic, choose(blue, across, choose(beside, aside, above))),
            choose(red | blue, green, mosaic),
            choose(blue, mosaic, choose(red, across, choose(below, aside, above))),
        ],
        dim=1,
    )


def _mix(colours: Tensor, share: Tensor) -> Tensor:
    """Let each filter pass a share of the mean of all colours."""
    return (1 - share) * colours + share * colours.mean(1, keepdim=True)


def _unmix(colours: Tensor, share: Tensor) -> Tensor:
    """Undo ``_mix``, which keeps the mean."""
    return (colours - share * colours.mean(1, keepdim=True)) / (1 - share)


def to_linear(encoded: Tensor) -> Tensor:
    """Decode sRGB (IEC 61966-2-1) to linear light, [0, 1]; values outside are clipped."""
    encoded = encoded.clamp(0, 1)
    return torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: Tensor) -> Tensor:
    """Encode linear light, [0, 1], as sRGB; values outside are clipped."""
    linear = linear.clamp(0, 1)
    curve = 1.055 * linear.clamp_min(0.003) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, curve)


def _uniform(images: Tensor, generator: Generator, ends: tuple[float, float]) -> Tensor:
    """Draw a number per image, ``(B, 1, 1, 1)``."""
    return ends[0] + (ends[1] - ends[0]) * uniform(images, generator, 1, 1, 1)
