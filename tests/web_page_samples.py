"""The page for browsers as a user has it before him, which its tests share."""

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

EXPORT = Path(__file__).parent.parent / "export"
WEB = EXPORT / "web"
VECTOR = EXPORT / "conformance/vector"
RNG = np.random.default_rng(11)

# What Chromium says of a machine without a graphics card.
HARMLESS = {"No available adapters."}


def open_page(browser, site):
    browser.open("about:blank")
    browser.open(site)
    browser.wait_for("document.querySelector('#status')?.textContent.startsWith('Ready')")
    return browser


def forget(page):
    """Takes back what `give` and `send` wait for."""
    page.evaluate("""
        document.querySelector('#send').disabled = true;
        document.querySelector('#answer').replaceChildren();
        document.querySelector('#size').value = '32';
    """)


def give(page, path, size=32):
    """Chooses a picture and waits until it is protected."""
    forget(page)
    page.evaluate(f"document.querySelector('#size').value = '{size}'")
    page.choose_file("#file", path)
    page.wait_for("!document.querySelector('#send').disabled")


def send(page):
    page.evaluate("document.querySelector('#send').click()")
    page.wait_for("document.querySelector('.answers, #answer .error')")


def posts(page):
    return [request for request in page.requests if request["method"] == "POST"]


def sent_png(request):
    (instance,) = json.loads(request["postData"])["instances"]
    return base64.b64decode(instance["image_bytes"]["b64"], validate=True)


def pixels_of(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def shown(page, canvas):
    """Returns the pixels of a canvas, uint8 [H, W, 3]."""
    url = page.evaluate(f"document.querySelector('{canvas}').toDataURL()")
    return pixels_of(base64.b64decode(url.split(",")[1]))[..., :3]


def text(page, selector):
    return page.evaluate(f"document.querySelector('{selector}').textContent")


def saved(path, height=90, width=120, mode="RGB", **settings):
    """Writes a picture of noise on a gradient, which no two resizings treat alike."""
    channels = {"RGB": 3, "RGBA": 4, "L": 1}[mode]
    gradient = np.linspace(0, 160, width)[None, :, None]
    values = gradient + RNG.integers(0, 96, (height, width, channels))
    Image.fromarray(values.astype(np.uint8).squeeze(), mode).save(path, **settings)
    return path
