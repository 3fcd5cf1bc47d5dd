"""Add blocks that change nothing to a residual U-Net, so that it can learn more.

    python tools/grow.py MODEL OUT --falling 1 1 2 --rising 1 1 2 3

The second convolution of each new block starts at zero, so the network's results do not change.
Bounds and calibration are left out.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from unnoise.models import ResidualUNet
from unnoise.pretrained import PRETRAINED
from unnoise.runs import BOUNDS, read_model_file, write_model_file


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", help="a file, or the name of a model in the package")
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--falling", type=int, nargs="+", required=True, help="number of blocks of each level"
    )
    parser.add_argument("--rising", type=int, nargs="+", required=True)
    options = parser.parse_args()
    info, weights = read_model_file(PRETRAINED.get(options.model, Path(options.model)))
    arguments = {**info.arguments, "falling": options.falling, "rising": options.rising}
    torch.manual_seed(0)
    model = ResidualUNet(**arguments)
    known = {name: weight for name, weight in weights.items() if not name.startswith(BOUNDS)}
    grown = model.state_dict()
    for name in grown.keys() - known.keys():
        if ".second." in name:
            grown[name].zero_()
    if known.keys() - grown.keys():
        parser.error(f"the network has more blocks: {info.arguments}")
    grown |= known
    info = replace(info, arguments=arguments, bounds=None, calibration=None)
    write_model_file(options.out, info, grown)


if __name__ == "__main__":
    main()
