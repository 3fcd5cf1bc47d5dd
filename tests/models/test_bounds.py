import torch

from unnoise.models import Autoencoder, Bounds, UNet, restore


def test_it_gives_the_image_of_the_model_and_distances() -> None:
    torch.manual_seed(0)
    model = UNet(channels=2, widths=(4, 4), depths=(1, 1)).eval()
    bounded = Bounds(model).eval()
    noisy = torch.rand(3, 2, 24, 32)
    with torch.inference_mode():
        image, below, above = restore(bounded, noisy).chunk(3, dim=1)
        torch.testing.assert_close(image, restore(model, noisy))
    assert below.shape == above.shape == noisy.shape
    assert min(below.min(), above.min()) >= 0


def test_the_model_gets_no_gradient_from_the_distances() -> None:
    model = UNet(widths=(4, 4), depths=(1, 1))
    bounded = Bounds(model)
    bounded(torch.rand(1, 1, 16, 16))[:, 1:].sum().backward()
    assert all(not weight.grad.any() for weight in model.parameters() if weight.grad is not None)
    assert all(weight.grad is not None for weight in bounded.distances.network.down.parameters())


def test_a_frozen_model_stays_as_it_is_in_use() -> None:
    bounded = Bounds(Autoencoder(size=(20, 20)))
    assert bounded.train().model.training
    bounded.model.requires_grad_(False)
    assert not bounded.train().model.training
    assert bounded.distances.training
    before = {name: value.clone() for name, value in bounded.model.state_dict().items()}
    bounded(torch.rand(4, 1, 20, 20))
    assert all(
        torch.equal(value, before[name]) for name, value in bounded.model.state_dict().items()
    )
