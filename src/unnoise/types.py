"""Types and constants that all rooms share."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]  # of any dtype
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)
Denoise = Callable[[Floats], Floats]  # images (N, C, H, W) to results of the same shape
Say = Callable[[str], None]  # takes messages for people

RGB = 3  # channels
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as in Pillow, OpenCV and MATLAB
