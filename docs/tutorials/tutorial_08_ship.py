"""
Ship it: ONNX, a server, darktable, Fiji
========================================

A trained model is useful where the images are: in your program, on a server, in darktable or
Fiji. PyTorch is large, and needed for training alone. This page takes ``photo``, which comes with
unnoise, out of the laboratory. The same commands take your own run.

**You will learn** how to run a model without torch, how to ask a server, and which files other
programs read.

**Expected output:** results by ONNX Runtime that differ from those of torch by at most 2 of 255
grey levels; a server that answers with a clean image and a verdict, about 5 dB or more better
than the noisy one; and one file each for darktable and the BioImage Model Zoo.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from skimage.io import imread, imsave

import unnoise

FULL = os.environ.get("UNNOISE_DOCS") == "full"
PART = np.s_[:, :] if FULL else np.s_[40:232, 60:316]

work = Path(tempfile.mkdtemp())
clean = data.chelsea()[PART]
noisy = unnoise.add_noise(clean, "poisson:40+gaussian:0.02", seed=1)
imsave(work / "noisy.png", noisy)


def psnr(image: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio in decibels; the peak is 255."""
    return float(10 * np.log10(255**2 / np.mean((image.astype(float) - clean) ** 2)))


# %%
# One ONNX file
# -------------
#
# ``unnoise.export`` writes one file that holds the network and what is needed to use it. Then it
# runs the file on images of several sizes, and deletes it if it differs from torch. On the
# command line: ``unnoise export photo photo.onnx``.

exported = unnoise.export("photo", work / "photo.onnx")
print(f"{exported.bytes / 1e6:.1f} MB, differs from torch by {exported.difference:.0e} at most")

# %%
# Without torch
# -------------
#
# ``unnoise.load`` takes the ONNX file as any other model. The next script runs in a process of
# its own, in which torch cannot be imported, as on a machine that has ``pip install unnoise`` and
# no more: 240 MB where torch needs gigabytes.

SCRIPT = """
import sys
sys.modules["torch"] = None  # from now on, an import of torch fails
import numpy as np, pyvips, unnoise
image = np.asarray(pyvips.Image.new_from_file("noisy.png"))
denoiser = unnoise.load("photo.onnx")
np.save("without.npy", denoiser(image))
print("verdict without torch:", unnoise.inspect(denoiser, image).verdict)
"""
command = [sys.executable, "-c", SCRIPT]
done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
print(done.stdout + done.stderr)
done.check_returncode()

without = np.load(work / "without.npy")
with_torch = unnoise.load("photo", precision="fp32")(noisy)
largest = int(np.abs(without.astype(int) - with_torch).max())
print(f"largest difference between torch and ONNX Runtime: {largest} of 255")
print(f"noisy {psnr(noisy):.2f} dB, without torch {psnr(without):.2f} dB")

assert 0 <= largest <= 2, "ONNX Runtime gives other images than torch"
assert 29.5 < psnr(without) < 34, "photo differs from what this page promises"

# %%
# A server
# --------
#
# ``unnoise serve`` answers HTTP requests, and has a web page. The script starts it on a free
# port, as you would in a second terminal, and reads the address from its first line. A server on
# this machine needs no token; for others, give it ``--host`` and ``--token-file``.

command = [sys.executable, "-m", "unnoise", "serve", "--model", "photo", "--port", "0"]
server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
said = ""
while "http://" not in said:
    said = server.stderr.readline()
    print(said.strip())
    assert said, f"the server ended with status {server.wait()}"
address = said[said.index("http://") :].strip()

# %%
# Any language can ask it. This is what ``curl --data-binary @noisy.png ADDRESS/v1/denoise -o
# clean.png`` does. The verdict comes in the head of the answer. The page lies at ``/``, the
# description of the interface at ``/docs``, and examples to play with under ``/examples/``.

try:
    request = urllib.request.Request(
        f"{address}/v1/denoise?strength=1", data=(work / "noisy.png").read_bytes()
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        served = imread(io.BytesIO(answer.read()))
        verdict, notes = answer.headers["Unnoise-Verdict"], answer.headers["Unnoise-Notes"]
    with urllib.request.urlopen(f"{address}/", timeout=60) as answer:
        page = answer.read().decode()
    with urllib.request.urlopen(f"{address}/examples/index.json", timeout=60) as answer:
        examples = json.load(answer)
finally:
    server.terminate()
    ended = server.wait(60)
print("verdict:", verdict, "notes:", notes)
print("the page has", len(page), "characters; examples:", [each["file"] for each in examples])
print(f"served {psnr(served):.2f} dB; the server ended with status {ended}")

assert verdict == "trust", "the server should trust this result"
assert psnr(noisy) + 5 < psnr(served) < 34, "the server gives another result"
assert "<html" in page, "the page is missing"
assert 3 <= len(examples) < 20, "the examples are missing"
assert ended == 0, "the server should end with 0 after SIGTERM"

figure, axes = plt.subplots(1, 3, figsize=(8, 2.3), layout="constrained")
pictures = {"noisy": noisy, "ONNX Runtime": without, "from the server": served}
for axis, (name, image) in zip(axes, pictures.items(), strict=True):
    axis.imshow(image)
    axis.set_title(f"{name}, {psnr(image):.1f} dB")
    axis.axis("off")
plt.show()

# %%
# darktable and the BioImage Model Zoo
# ------------------------------------
#
# The ending of the file decides the format. ``.dtmodel`` is for darktable 5.6 and newer (module
# *neural restore*); it is checked as its source code reads it. ``.zip`` is a model of the
# BioImage Model Zoo, for Fiji, ilastik and napari, with weights for ONNX and TorchScript, a test
# image, and a cover. State who made it, and its licence::
#
#     unnoise export runs/m model.zip --name "Nuclei" --author "A. Person" --license CC-BY-4.0

for name in ("photo.dtmodel", "photo.zip"):
    made = unnoise.export("photo", work / name)
    inside = zipfile.ZipFile(work / name).namelist()
    print(f"{name}: {(work / name).stat().st_size / 1e6:.1f} MB, {', '.join(inside)}")
    print(*(f"note: {note}" for note in made.notes), sep="\n")
    assert 0.1e6 < (work / name).stat().st_size < 60e6, "the file has an unlikely size"

# %%
# **What to try.** ``half=True`` halves the ONNX file. ``unnoise export runs/m folder --format
# hub`` writes what Hugging Face expects. To use the ONNX file in another program, scale the
# values to 0 to 1; the page about shipping says how.
