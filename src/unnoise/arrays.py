"""Types of arrays that all rooms share."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]  # of any dtype
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
