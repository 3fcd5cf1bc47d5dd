import pytest
import torch

from unnoise.models import MODELS, build_model, find_model, grey, restore


@pytest.mark.parametrize("name", MODELS)
def test_it_makes_the_mean_of_what_the_colour_model_makes(name: str) -> None:
    torch.manual_seed(0)
    arguments = find_model(name).network.arguments_for(channels=3, size=(16, 24))
    model = build_model(name, arguments).eval()
    single = grey(model).eval()
    noisy = torch.rand(2, 1, 16, 24)
    with torch.inference_mode():
        made = restore(model, noisy.expand(-1, 3, -1, -1))
        assert made.std(dim=1).max() > 1e-3  # a mean of equal channels would hold without it
        torch.testing.assert_close(restore(single, noisy), made.mean(dim=1, keepdim=True))
        torch.testing.assert_close(single.encode(noisy), model.encode(noisy.expand(-1, 3, -1, -1)))
    assert single.channels == 1
    assert single.receptive_field == model.receptive_field
    assert single.size_multiple == model.size_multiple
