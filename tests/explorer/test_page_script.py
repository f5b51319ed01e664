"""What the script of a web page makes of its data: the same as the window does."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest
from PySide6.QtQml import QJSEngine

from explorer import resources
from explorer.export.page_data import pack_bytes, pack_steps, unpack_bytes, unpack_steps
from explorer.export.page_film import STEP
from explorer.export.page_words import check_text
from explorer.panels.keyframes import frame_weights
from explorer.panels.pace import acting_layer, trail_moments, with_rests
from explorer.words.languages import number


@pytest.fixture(scope="module")
def script():
    """The part of the page's script that decodes, in an engine of its own."""
    engine = QJSEngine()
    result = engine.evaluate(resources.path("web", "film.js").read_text(encoding="utf-8"))
    assert not result.isError(), result.toString()
    return engine


def called(engine, code):
    result = engine.evaluate(f"JSON.stringify({code})")
    assert not result.isError(), result.toString()
    return json.loads(result.toString())


def inflated(letters):
    return list(zlib.decompress(base64.b64decode(letters)))


def test_the_script_reads_numbers_as_they_were_packed(script):
    values = np.random.default_rng(1).normal(0, 3, size=(7, 2, 11))
    values[2, 1, 3] = np.nan
    values[4, 0, 5], values[5, 0, 5] = 1e5, -1e5
    packed = pack_steps(values, STEP)
    whole = called(script, f"Array.from(stepsOf({inflated(packed.letters)}, [7, 2, 11]))")
    steps = np.array(whole).reshape(values.shape)
    expected = np.nan_to_num(unpack_steps(packed) / STEP, nan=-32768)
    assert np.array_equal(steps, expected)
    shares = np.random.default_rng(2).integers(0, 256, size=(3, 5, 5))
    packed = pack_bytes(shares)
    assert np.array_equal(unpack_bytes(packed), shares)
    assert (
        called(script, f"Array.from(bytesOf({inflated(packed.letters)}))")
        == shares.ravel().tolist()
    )


@pytest.mark.parametrize("smooth", [False, True])
def test_the_script_weighs_key_frames_as_the_window_does(script, smooth):
    for keys in ([0.0], [0.0, 1.0], [0.0, 0.1, 0.5, 0.6, 1.0]):
        for tau in np.linspace(-0.1, 1.1, 25).tolist():
            first, weights = frame_weights(keys, tau, smooth=smooth)
            got = called(script, f"frameWeights({keys}, {tau}, {json.dumps(smooth)})")
            assert got["first"] == first
            np.testing.assert_allclose(got["weights"], weights, atol=1e-6)


def test_the_script_keeps_the_windows_pace(script):
    for layers in (0, 1, 5, 9):
        for tau in np.linspace(0, 1, 41).tolist():
            shown = with_rests(tau, layers)
            assert called(script, f"withRests({tau}, {layers})") == pytest.approx(shown, abs=1e-12)
            acting = acting_layer(shown, layers)
            assert called(script, f"actingLayer({shown}, {layers})") == (
                -1 if acting is None else acting
            )
    trail = trail_moments(0.4, back=0.11, corners=8)
    assert called(script, "trailMoments(0.4, 0.11, 8)") == pytest.approx(trail)


@pytest.mark.parametrize("value", [0.0, 0.00267, 2.6123, -4.16, 123456.0, 2.03e-7, -1e-9, 9.996])
def test_the_script_writes_numbers_as_the_window_does(script, value):
    assert called(script, f"written({value}, 3)") == number(value).replace(",", "")


def test_the_script_finds_a_moment_between_two_pictures(script):
    assert called(script, "neighbours(5, 0.6)") == pytest.approx(
        {"low": 2, "high": 3, "share": 0.4}
    )
    assert called(script, "neighbours(5, 1)") == {"low": 3, "high": 4, "share": 1}
    assert called(script, "neighbours(1, 0.6)") == {"low": 0, "high": 0, "share": 0}


def test_the_message_afterwards_says_what_was_found():
    assert check_text(STEP / 2) == "read again: positions within 4.9·10⁻⁴ data units"
    assert check_text(0.0) == "read again: positions within 0 data units"
