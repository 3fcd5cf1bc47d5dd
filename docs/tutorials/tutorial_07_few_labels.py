"""
Features, and few labels
========================

To restore a corrupted image, a network must know what such images look like. This knowledge also
helps to *classify* them. Denoising autoencoders were invented for it: Vincent et al. (2008, and
2010 for the stacked version) learned features from images without labels, and needed few labels
afterwards.

**You will learn** which noise teaches which features, how to use them in scikit-learn, and how to
tell whether they are worth anything.

**Expected output:** with ten labels a class, logistic regression makes 24 to 34 % errors on the
raw pixels of digits, and less than 18 % on features that were learned without labels (less than 9
% in the full form).
"""

import os

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from unnoise import DenoisingAutoencoder, DenoisingClassifier
from unnoise.datasets import load_labelled

FULL = os.environ.get("UNNOISE_DOCS") == "full"
PASSES = 60 if FULL else 6
DRAWS = 5
LARGEST = 0.09 if FULL else 0.18  # the share of errors that the page promises

# %%
# Digits as rows of a table
# -------------------------
#
# 5,000 digits to learn from, 1,000 to test. scikit-learn wants one row for each image.

images, classes = load_labelled("digits", "train")
test_images, test_classes = load_labelled("digits", "test")
rows, test_rows = (each.reshape(len(each), -1) / 255 for each in (images, test_images))
print(rows.shape, test_rows.shape)

# %%
# Learn features without labels
# -----------------------------
#
# ``image_shape`` says that the columns are pixels. The network is then a convolutional
# autoencoder with a code of 256 numbers and no shortcuts, so everything must pass through the
# code.
#
# *The noise decides what is learned.* To remove Gaussian noise, a network learns strokes. But a 4
# and a 9 do not differ in their strokes; they differ in how the strokes lie, whatever the slant
# of the hand. So the default noise here is ``warp:1+gaussian:0.3``: it turns, slants, stretches
# and bends the digit. To undo this, the code must hold what does not depend on the hand.

coder = DenoisingAutoencoder(image_shape=(28, 28), max_iter=PASSES, random_state=0).fit(rows)
print(coder.network_, "with", coder.noise_, "->", coder.transform(rows[:2]).shape[1], "features")

# %%
# Ten labels a class
# ------------------
#
# Now a simple classifier gets 100 labelled digits. Which ones matters a lot, so the figures are
# means of five draws. Features are divided by one common spread, so that the same strength of
# regularisation suits all of them. Principal components, which are learned without labels too,
# stand beside.


def errors_of(features: np.ndarray, test_features: np.ndarray) -> list[float]:
    """Return the share of errors on the test digits for each draw of labels."""
    found = []
    scale = FunctionTransformer(lambda values: values / features.std())
    for draw in range(DRAWS):
        random = np.random.default_rng(draw)
        few = np.concatenate(
            [random.choice(np.flatnonzero(classes == k), 10, replace=False) for k in range(10)]
        )
        classifier = make_pipeline(scale, LogisticRegression(C=0.03, max_iter=1000))
        classifier.fit(features[few], classes[few])
        found.append(1 - classifier.score(test_features, test_classes))
    return found


pca = PCA(100).fit(rows)
methods = {
    "raw pixels": (rows, test_rows),
    "PCA": (pca.transform(rows), pca.transform(test_rows)),
    "unnoise": (coder.transform(rows), coder.transform(test_rows)),
}
results = {name: errors_of(*each) for name, each in methods.items()}
for name, each in results.items():
    print(f"{name:11} {np.mean(each):6.1%} errors ± {np.std(each):.1%}")

mean = {name: float(np.mean(each)) for name, each in results.items()}
assert 0.24 < mean["raw pixels"] < 0.34, "the task differs from that of this page"
assert 0.01 < mean["unnoise"] < LARGEST, "the features are worse than this page promises"
assert mean["unnoise"] < 0.7 * mean["raw pixels"], "the features should be worth more than pixels"

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
left.bar(list(mean), [100 * value for value in mean.values()], color=["0.7", "0.5", "tab:blue"])
left.set(ylabel="errors, %", title="Ten labels a class")
places = TSNE(random_state=0).fit_transform(methods["unnoise"][1][:500])
drawn = right.scatter(*places.T, c=test_classes[:500], cmap="tab10", s=8)
right.set(xticks=[], yticks=[], title="Codes of test digits (t-SNE)")
figure.colorbar(drawn, ax=right, ticks=range(10), label="digit")
plt.show()

# %%
# On the right, the codes of 500 test digits are placed in the plane. No label was used to learn
# them, and digits of one kind still lie together. In the small form, the network saw each digit
# six times. ``unnoise probe`` makes this comparison for any model, with a network of random
# weights beside it, which shows what the architecture alone achieves::
#
#     unnoise train mnist --preset features --out runs/f
#     unnoise probe runs/f mnist --labels 10 --report page.html
#
# The stacked autoencoder of 2010
# -------------------------------
#
# ``DenoisingClassifier`` is the method of Vincent et al. (2010): layers that learned to denoise
# get a softmax layer on top, and the labels then train all of them. ``FrozenEstimator`` is
# scikit-learn's way to say that the autoencoder was fitted before, on more rows than have labels.
# Here it learns from 5,000 rows, and the classes from 1,000.

stacked = DenoisingAutoencoder(
    (500, 250), image_shape=(28, 28), noise="mask:0.25", max_iter=5, random_state=0
).fit(rows)
classifier = DenoisingClassifier(FrozenEstimator(stacked), random_state=0)
classifier.fit(rows[:1000], classes[:1000])
plain = LogisticRegression(C=0.03, max_iter=1000).fit(rows[:1000], classes[:1000])
stacked_error = 1 - classifier.score(test_rows, test_classes)
plain_error = 1 - plain.score(test_rows, test_classes)
print(f"1,000 labels: logistic regression {plain_error:.1%}, stacked {stacked_error:.1%} errors")

assert 0.02 < stacked_error < 0.14, "the stacked autoencoder differs from what this page says"
assert stacked_error < plain_error - 0.01, "it should beat logistic regression on pixels"

# %%
# **What to try.** Take ``noise="gaussian:0.5"`` for the first autoencoder, and see what the
# warping was worth. Use a table instead of images: leave ``image_shape`` out and take
# ``noise="swap:0.15"``, which exchanges values between rows.
