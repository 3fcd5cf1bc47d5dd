"""Types that all rooms share."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]  # of any dtype
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Denoise = Callable[[Floats], Floats]  # images (N, C, H, W) to results of the same shape
Say = Callable[[str], None]  # takes messages for people
