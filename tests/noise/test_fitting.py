"""From measured noise to a spec: noise that was added is what is found."""

import numpy as np
import pytest

import unnoise
from unnoise.facts import NoiseSample, noise_sample
from unnoise.noise import NOISES, parse_noise
from unnoise.noise.fitting import Fitted, fit_noise
from unnoise.noise.spec import Term

COUNT = 3


def measured(spec: str, *, channels: int = 3) -> list[NoiseSample]:
    y, x = np.mgrid[:256, :256] / 256
    found = []
    for seed in range(COUNT):
        bright = 0.5 + 0.3 * np.sin(5 * x + seed) * np.cos(4 * y)
        clean = np.stack([np.roll(bright, 40 * c, 1) for c in range(channels)], axis=-1)
        noisy = unnoise.add_noise(clean.astype(np.float32), spec, range=(0, 1), seed=seed)
        sample = noise_sample(noisy)
        assert sample is not None
        found.append(sample)
    return found


def terms(found: Fitted | None) -> dict[str, Term]:
    assert found is not None
    assert str(parse_noise(str(found.noise))) == str(found.noise)
    return {term.name: term for term in found.noise.chains[0].terms}


def middle(term: Term) -> float:
    return (term.low + term.high) / 2


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "spec",
    [
        "gaussian:0.02",
        "gaussian:0.08",
        "poisson:50",
        "poisson:200+gaussian:0.05",
        "grain:0.03(luma=0.7 chroma=1.5)",
        "grain:0.03(luma=1.2 chroma=3)",
        "gaussian:0.03+rows:0.03",
        "gaussian:0.03+columns:0.03",
        "gaussian:0.03+salt-pepper:0.02",
    ],
)
def test_the_spec_that_was_added_is_found(spec: str, channels: int) -> None:
    true = {term.name: term for term in parse_noise(spec).chains[0].terms}
    found = terms(fit_noise(measured(spec, channels=channels)))
    assert found.keys() == true.keys()
    for name, term in found.items():
        near = 0.25 if name in ("rows", "columns") or len(true) > 1 else 0.15
        assert middle(term) == pytest.approx(true[name].low, rel=near)
        for key, low, high in term.settings:
            wanted = {key: value for key, value, _ in true[name].settings}[key]
            assert (low + high) / 2 == pytest.approx(wanted, abs=max(0.15, 0.1 * wanted))


def test_stronger_noise_of_colours_gets_a_term() -> None:
    found = terms(fit_noise(measured("grain:0.02(luma=0.8 chroma=2)+chroma:0.03(width=2)")))
    assert found.keys() == {"grain", "chroma"}
    assert middle(found["grain"]) == pytest.approx(0.02, rel=0.15)
    assert middle(found["chroma"]) == pytest.approx(0.03, rel=0.15)


def test_levels_that_differ_become_a_range() -> None:
    samples = [s for level in (0.02, 0.04, 0.06) for s in measured(f"gaussian:{level}")]
    term = terms(fit_noise(samples))["gaussian"]
    assert term.low == pytest.approx(0.02, rel=0.1)
    assert term.high == pytest.approx(0.06, rel=0.1)


def test_compression_comes_last_and_is_made_up_for() -> None:
    samples = measured("gaussian:0.04+jpeg:70(half=0)")
    found = fit_noise(samples, [(70, False)] * COUNT)
    assert found is not None
    assert [term.name for term in found.noise.chains[0].terms][-1] == "jpeg"
    assert terms(found)["jpeg"].low == 70
    bare = fit_noise(samples)
    assert bare is not None
    first, second = (middle(each.noise.chains[0].terms[0]) for each in (found, bare))
    assert second < first < 2 * second


def test_clean_images_have_no_spec_and_compressed_ones_have_that() -> None:
    clean = measured("gaussian:0")
    assert fit_noise(clean) is None
    assert fit_noise(clean, [(90, False)] * COUNT) is None
    assert str(fit_noise(clean, [(30, True)] * COUNT).noise) == "jpeg:30(half=1)"  # type: ignore[union-attr]


def test_names_are_those_of_the_table() -> None:
    used = {"gaussian", "poisson", "grain", "chroma", "rows", "columns", "salt-pepper", "jpeg"}
    assert used <= NOISES.keys()
