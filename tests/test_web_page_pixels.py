"""The page makes of a picture, pixel by pixel, what Python makes of it."""

import json
import struct

import keras
import numpy as np
import pytest
from exporting_samples import assert_same_pixels
from PIL import Image, PngImagePlugin
from serving_samples import running
from web_page_samples import (
    VECTOR,
    WEB,
    give,
    open_page,
    pixels_of,
    posts,
    saved,
    send,
    sent_png,
    shown,
)

from tfppdnn import load_protector
from tfppdnn.exporting.tflite import WEB_SIZES, web_tflite
from tfppdnn.images.files import read_image
from tfppdnn.images.resizing import resize_square
from tfppdnn.models import bottleneck
from tfppdnn.models.eight_bit import run_on_images


@pytest.mark.parametrize("size", WEB_SIZES)
def test_what_is_sent_is_what_python_makes_of_the_same_file(page, web_protector, tmp_path, size):
    path = saved(tmp_path / "picture.png", 250, 301)
    give(page, path, size)
    send(page)
    plain = resize_square(read_image(path), size)
    (request,) = posts(page)
    sent = pixels_of(sent_png(request))
    # Processors and WebAssembly round sums of floats differently; as for every other file.
    assert_same_pixels(sent, web_protector.protect(plain))
    np.testing.assert_array_equal(shown(page, "#protected"), sent)


@pytest.mark.parametrize("size", WEB_SIZES)
def test_the_page_answers_the_conformance_vector(page, size):
    manifest = json.loads((VECTOR / "manifest.json").read_text())
    (case,) = [case for case in manifest["cases"] if case.get("signature") == f"protect_{size}"]
    give(page, VECTOR / case["image"], size)
    send(page)
    (request,) = posts(page)
    difference = np.abs(
        pixels_of(sent_png(request)).astype(int) - read_image(VECTOR / case["expected"])
    )
    allowed = manifest["models"]["protector_web.tflite"]["allowed"]
    assert difference.max() <= allowed["max_difference"]
    assert (difference > 0).mean() <= allowed["share_differing"]


@pytest.mark.slow  # The file for browsers takes ten seconds.
def test_the_shipped_protector_runs_in_the_page(browser, shipped_web_run, tmp_path):
    path = saved(tmp_path / "picture.png", 250, 301)
    page = (WEB, shipped_web_run / "protector_web.tflite")
    with running(shipped_web_run, web=page) as server:
        give(open_page(browser, f"http://{server.rest_address}/"), path)
        send(browser)
        sent = pixels_of(sent_png(posts(browser)[-1]))
    plain = resize_square(read_image(path), 32)
    assert_same_pixels(sent, load_protector("cifar10").protect(plain))


def test_a_page_draws_noise_for_every_picture_and_takes_that_of_a_test(browser, web_run, tmp_path):
    keras.utils.set_random_seed(0)
    network = bottleneck(encoder_width=0.0625, code_size=8, decoder_width=8, privacy_epsilon=1.0)
    file = tmp_path / "protector_web.tflite"
    file.write_bytes(web_tflite(network, [32]))
    plain = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8)
    noise = np.array([[2**31 - 1, 12_345]], np.int32)
    with running(web_run, web=(WEB, file)) as server:
        browser.open("about:blank")
        browser.open(f"http://{server.rest_address}/")
        browser.wait_for("document.querySelector('#status')?.textContent.startsWith('Ready')")
        made = browser.evaluate(f"""(async () => {{
            const {{Protector}} = await import('./protector.js');
            const {{loadAndCompile, Tensor}} = await import('./vendor/litert.js');
            const file = await (await fetch('protector_web.tflite')).arrayBuffer();
            const model = await loadAndCompile(new Uint8Array(file), {{accelerator: 'wasm'}});
            const protector = new Protector(model, Tensor);
            const pixels = new Uint8Array({plain.ravel().tolist()});
            const fixed = new Int32Array({noise.ravel().tolist()});
            const found = [Array.from(await protector.protect(pixels, 32, fixed))];
            for (let i = 0; i < 60; i++) {{
              found.push(Array.from(await protector.protect(pixels, 32)));
            }}
            const forgotten = await protector.protect(pixels, 32, new Int32Array(2))
              .then(() => 'taken', (error) => error.message);
            return JSON.stringify([forgotten, ...found]);
        }})()""")
    forgotten, *pictures = json.loads(made)
    assert "the noise is 0 throughout" in forgotten
    given, *drawn = (np.array(one, np.uint8).reshape(32, 32, 3) for one in pictures)
    assert_same_pixels(given, run_on_images(network, plain, noise=noise)[0])
    # Of eight words the true one is kept with probability 0.28: sixty are never all alike.
    assert 4 <= len({picture.tobytes() for picture in drawn}) <= 8


def with_gamma():
    """Metadata that tells a viewer to show the picture much brighter."""
    metadata = PngImagePlugin.PngInfo()
    metadata.add(b"gAMA", struct.pack(">I", 100_000))
    return metadata


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("small.png", {"height": 20, "width": 20}),  # made larger
        ("exact.png", {"height": 32, "width": 32}),
        ("wide.bmp", {"height": 33, "width": 400}),
        ("grey.png", {"mode": "L"}),
        ("gamma.png", {"pnginfo": with_gamma()}),
        ("lossless.webp", {"lossless": True}),
        ("turned.png", {"exif": Image.Exif()}),
    ],
)
def test_pixels_are_read_as_python_reads_them(page, tmp_path, name, settings):
    if "exif" in settings:
        settings["exif"][0x0112] = 6  # to be turned by 90 degrees
    path = saved(tmp_path / name, **settings)
    give(page, path)
    expected = resize_square(read_image(path), 32)
    np.testing.assert_array_equal(shown(page, "#plain"), expected)


def test_transparent_parts_are_laid_on_white(page, tmp_path):
    path = tmp_path / "clear.png"
    Image.new("RGBA", (32, 32), (200, 10, 10, 0)).save(path)
    give(page, path)
    assert (shown(page, "#plain") == 255).all()
