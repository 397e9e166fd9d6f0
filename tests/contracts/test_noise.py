"""The language of noise models: what can be said is read back as it was meant, what cannot has a place and a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.noise import NOISE_CHANNELS, NoiseChannel, NoiseModel, read_noise_model

PROBABILITIES = st.floats(0, 1)


@st.composite
def channels(draw: st.DrawFn, name: str) -> NoiseChannel:
    if name != "thermal":
        return NoiseChannel(name, (draw(PROBABILITIES), draw(PROBABILITIES)))
    t1 = draw(st.floats(1e-9, 1e3))
    t2 = draw(st.floats(1e-9, 1.0)) * t1
    return NoiseChannel(name, (t1, t2, *draw(st.tuples(*[st.floats(0, 1)] * 3))))


models = (
    st.permutations(list(NOISE_CHANNELS))
    .flatmap(lambda names: st.integers(1, len(names)).map(lambda many: names[:many]))
    .flatmap(lambda names: st.tuples(*map(channels, names)))
    .map(NoiseModel)
)


@given(models)
def test_the_canonical_text_is_read_back_as_the_same_model(model: NoiseModel) -> None:
    assert read_noise_model(str(model)) == model


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("depolarizing:0.001", "depolarizing:1q=0.001,2q=0.001"),
        ("depolarizing:0.001,1e-2", "depolarizing:1q=0.001,2q=0.01"),
        (" depolarizing : 2q = .5 ", "depolarizing:1q=0.0,2q=0.5"),
        ("readout:0.02,0.03+phase_damping:1.", "readout:0as1=0.02,1as0=0.03+phase_damping:1q=1.0,2q=1.0"),
        (
            "thermal:50us,t2=70 us,gate2q=300ns,gate1q=35ns",
            "thermal:t1=5e-05s,t2=7e-05s,gate1q=3.5e-08s,gate2q=3e-07s,readout=0.0s",
        ),
    ],
)
def test_each_spelling_has_one_canonical_text(text: str, canonical: str) -> None:
    assert str(read_noise_model(text)) == canonical


@pytest.mark.parametrize(
    ("text", "reason", "place", "hint"),
    [
        ("", "NOISE_NAME", "character 1", "there are depolarizing"),
        ("depolarising:0.1", "NOISE_NAME", "character 1", "did you mean depolarizing?"),
        ("readout:0.1+", "NOISE_NAME", "character 13", "there are"),
        ("depolarizing:3q=0.1", "NOISE_NAME", "character 14", ""),
        ("depolarizing", "NOISE_SYNTAX", "character 1", "depolarizing:1q"),
        ("depolarizing:", "NOISE_SYNTAX", "character 14", "as in"),
        ("readout:0.1,0.2,0.3", "NOISE_SYNTAX", "character 17", "as in"),
        ("readout:0.1 + readout:0.2", "NOISE_SYNTAX", "character 15", "once"),
        ("depolarizing:1q=0.1,1q=0.2", "NOISE_SYNTAX", "character 21", "as in"),
        ("depolarizing:2q=0.1,0.2", "NOISE_SYNTAX", "character 21", "as in"),
        ("depolarizing:nan", "NOISE_SYNTAX", "character 14", "as in"),
        ("depolarizing:0.1us", "NOISE_SYNTAX", "character 14", "as in"),
        ("thermal:t1=50,t2=70us,gate1q=1ns,gate2q=1ns", "NOISE_SYNTAX", "character 9", "as in"),
        ("thermal:t1=50us,t2=70us", "NOISE_SYNTAX", "character 1", "gate2q"),
        ("depolarizing:1.5", "NOISE_VALUE", "character 14", "as in"),
        ("thermal:1us,3us,1ns,1ns", "NOISE_VALUE", "character 1", "2 × t1"),
        ("thermal:0us,0us,1ns,1ns", "NOISE_VALUE", "character 1", "as in"),
        ("readout:" + "0" * 2_000, "NOISE_SYNTAX", "2008 characters", "example"),
    ],
)
def test_what_is_wrong_has_a_reason_a_place_and_a_hint(text: str, reason: str, place: str, hint: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_noise_model(text)
    assert caught.value.reason == reason
    assert place in caught.value.message
    assert hint in caught.value.hint


@given(st.text(st.sampled_from("depolarizing:readout+thermal,=.0123e- us1q\u202e"), max_size=60))
def test_no_text_gives_anything_but_a_model_or_a_typed_error(text: str) -> None:
    try:
        model = read_noise_model(text)
    except InvalidArgumentError as error:
        assert error.reason.startswith("NOISE_")
        assert error.message.isprintable()
    else:
        assert read_noise_model(str(model)) == model
