import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unnoise.errors import SpecError, UnknownNameError, UnnoiseError
from unnoise.noise import NOISES, Chain, Noise, Term, parse_noise
from unnoise.seeding import generator


def levels(name: str) -> st.SearchStrategy[float]:
    corruption = NOISES[name]
    return st.floats(corruption.low, corruption.high, allow_subnormal=False)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    name = draw(st.sampled_from(sorted(NOISES)))
    low, high = sorted((draw(levels(name)), draw(levels(name))))
    said = []
    for key, setting in NOISES[name].settings.items():
        if draw(st.booleans()):
            value = st.floats(setting.low, setting.high, allow_subnormal=False)
            least, most = sorted((draw(value), draw(value)))
            said.append((key, least, most))
    return Term(name, low, high if draw(st.booleans()) else low, tuple(said))


@st.composite
def noises(draw: st.DrawFn) -> Noise:
    chain = st.lists(terms(), min_size=1, max_size=4).map(tuple)
    cuts = sorted(draw(st.sets(st.integers(1, 99), max_size=3)))
    shares = [float(b - a) for a, b in pairwise([0, *cuts, 100])]
    given = draw(st.booleans())
    chains = tuple(Chain(draw(chain), share if given else None) for share in shares)
    return Noise(chains, draw(st.booleans()))


@given(noises())
def test_a_noise_is_its_spec(noise: Noise) -> None:
    assert parse_noise(str(noise)) == noise


@given(st.text(max_size=30) | st.from_regex(r"[a-z-]{0,9}:[0-9.+e-]{0,6}(\+|,clip)?"))
def test_any_text_parses_or_is_explained(text: str) -> None:
    try:
        noise = parse_noise(text)
    except UnnoiseError as error:
        assert len(str(error)) > 20  # noqa: PT017  either way is right
    else:
        assert parse_noise(str(noise)) == noise


@pytest.mark.parametrize(
    ("spec", "noise"),
    [
        ("gaussian:0.3,clip", Noise((Chain((Term("gaussian", 0.3, 0.3),)),), clip=True)),
        ("gaussian:0..0.2", Noise((Chain((Term("gaussian", 0, 0.2),)),))),
        (
            " poisson:30 + gaussian:.02 , clip ",
            Noise((Chain((Term("poisson", 30, 30), Term("gaussian", 0.02, 0.02))),), clip=True),
        ),
        (
            "gaussian:1e-2+mask:+0.25",
            Noise((Chain((Term("gaussian", 0.01, 0.01), Term("mask", 0.25, 0.25))),)),
        ),
        (
            "grain:0..0.02( luma=0.7  chroma=1..3 ) + jpeg:75(half=1)",
            Noise(
                (
                    Chain(
                        (
                            Term("grain", 0, 0.02, (("luma", 0.7, 0.7), ("chroma", 1, 3))),
                            Term("jpeg", 75, 75, (("half", 1, 1),)),
                        )
                    ),
                )
            ),
        ),
        (
            "80%gaussian:0..0.2 | 20 % poisson:30",
            Noise(
                (
                    Chain((Term("gaussian", 0, 0.2),), 80),
                    Chain((Term("poisson", 30, 30),), 20),
                )
            ),
        ),
    ],
)
def test_examples(spec: str, noise: Noise) -> None:
    assert parse_noise(spec) == noise


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("gaussian", "gives gaussian no level"),
        ("gaussian:", "gives gaussian no level"),
        ("gaussian:-1", "0 to 5, not -1"),
        ("gaussian:x", "'x' is not a number"),
        ("gaussian:nan", "'nan' is not a number"),
        ("gaussian:0.3..0.1", "write 0.1..0.3"),
        ("gaussian:1e999", "0 to 5, not 1e999"),
        ("gaussian:1..", "'' is not a number"),
        ("poisson:0", "0.001 to 1e.06, not 0"),
        ("mask:1.5", "0 to 1, not 1.5"),
        ("salt-pepper:2", "0 to 1, not 2"),
        ("gaussian:0.1+", "an empty term"),
        ("", "an empty term"),
        ("gaussian:0.1|", "an empty term"),
        ("80% gaussian:0.1 | mask:0.1", "give one to every alternative"),
        ("80% gaussian:0.1 | 30% mask:0.1", "shares of 80 + 30 %"),
        ("x% gaussian:0.1", "'x' is no share"),
        ("0% gaussian:0.1", "'0' is no share"),
        ("gaussian:0.1,clamp", "only ',clip' may stand there"),
        ("jpeg:0", "quality of 1 to 100, not 0"),
        ("camera:1e6", "ISO number of 0 to 102400, not 1e6"),
        ("grain:0.1(luma=1", "a parenthesis of grain is not closed"),
        ("grain:0.1(width=1)", "grain has the settings luma, chroma, each once, not 'width=1'"),
        ("grain:0.1(luma=1 luma=2)", "each once, not 'luma=2'"),
        ("gaussian:0.1(luma=1)", "gaussian has no settings"),
        ("grain:0.1(luma=30)", "width of the grain of brightness in pixels, 0 to 20, not 30"),
        ("grain:0.1(luma=x)", "'x' is not a number"),
        ("grain:(luma=1)", "gives grain no level"),
    ],
)
def test_malformed_specs_are_explained(spec: str, says: str) -> None:
    with pytest.raises(SpecError, match=says.replace("'", ".").replace("+", r"\+")):
        parse_noise(spec)


def test_unknown_noise_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'gaussian'"):
        parse_noise("gausian:0.1")


@given(noises())
def test_every_level_that_is_allowed_gives_finite_images(noise: Noise) -> None:
    noisy = noise(torch.rand(2, 1, 4, 4), generator(0))
    assert noise.clip is False or (noisy.min() >= 0 and noisy.max() <= 1)
    assert noisy.isfinite().all()


def test_ranges_are_drawn_per_image() -> None:
    clean = torch.full((200, 1, 16, 16), 0.5)
    deviations = (parse_noise("gaussian:0..0.2")(clean, generator(1)) - clean).std((1, 2, 3))
    assert deviations.min() < 0.02
    assert deviations.max() > 0.18
    assert math.isclose(deviations.mean(), 0.1, abs_tol=0.01)


def test_terms_apply_from_left_to_right() -> None:
    clean = torch.ones(1, 1, 8, 8)
    assert (parse_noise("gaussian:0.5+mask:1")(clean, generator(1)) == 0).all()
    assert (parse_noise("mask:1+gaussian:0.5")(clean, generator(1)) != 0).all()


def test_terms_for_colours_say_what_they_do_to_grey_images() -> None:
    said = parse_noise("50% camera:800+chroma:0.1 | 50% camera:100").notes(1)
    assert len(said) == 2
    assert "camera adds the brightness" in said[0]
    assert "chroma adds nothing" in said[1]
    assert parse_noise("gaussian:0.1+jpeg:80").notes(1) == ()
    assert parse_noise("camera:800").notes(3) == ()


def test_clip() -> None:
    clean = torch.full((1, 1, 32, 32), 0.9)
    assert parse_noise("gaussian:1")(clean, generator(1)).max() > 1
    clipped = parse_noise("gaussian:1,clip")(clean, generator(1))
    assert clipped.min() == 0
    assert clipped.max() == 1


def test_each_image_gets_one_chain_of_a_mixture_by_its_share() -> None:
    noise = parse_noise("75% mask:0 | 25% gaussian:0.1+speckle:0.1")
    clean = torch.full((2000, 1, 4, 4), 0.5)
    noisy = noise(clean, generator(0))
    changed = (noisy != clean).flatten(1)
    assert torch.equal(changed.any(1), changed.all(1))
    assert float(changed.any(1).float().mean()) == pytest.approx(0.25, abs=0.04)
    expected = math.hypot(0.1, 0.5 * 0.1)  # both terms of the chain
    assert float(noisy[changed.any(1)].std()) == pytest.approx(expected, rel=0.05)


def test_a_mixture_is_a_function_of_its_generator() -> None:
    noise = parse_noise("gaussian:0..0.2 | poisson:10..50 | speckle:0.1")
    clean = torch.rand(9, 3, 5, 5)
    assert torch.equal(noise(clean, generator(3)), noise(clean, generator(3)))


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ("gaussian:25", r"did you mean gaussian:0\.098 \(25/255\)\?"),
        ("gaussian:0..55", r"did you mean gaussian:0\.22 \(55/255\)\?"),
        ("poisson:30+gaussian:5.1,clip", r"did you mean gaussian:0\.02 \(5\.1/255\)\?"),
        ("uniform:25", r"did you mean uniform:0\.098 \(25/255\)\?"),
        ("speckle:25", r"did you mean speckle:0\.25 \(25/100\)\?"),
        ("salt-pepper:5", r"did you mean salt-pepper:0\.05 \(5/100\)\?"),
        ("50% mask:25 | 50% poisson:30", r"did you mean mask:0\.25 \(25/100\)\?"),
        ("gaussian:300", r"standard deviation of 0 to 5, not 300$"),
    ],
)
def test_levels_that_were_counted_otherwise(spec: str, meant: str) -> None:
    with pytest.raises(SpecError, match=meant):
        parse_noise(spec)


def test_levels_of_more_than_the_range_have_a_sense() -> None:
    assert str(parse_noise("gaussian:0..2+uniform:1.5")) == "gaussian:0..2+uniform:1.5"
