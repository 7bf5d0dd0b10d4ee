import base64
import contextlib
import io
import json
import shutil
import socket
import struct
from pathlib import Path
from urllib.parse import urlsplit

import chromium
import numpy as np
import pytest
from exporting_samples import assert_same_pixels
from PIL import Image, PngImagePlugin

from tfppdnn.exporting.tflite import WEB_SIZES
from tfppdnn.images.files import read_image
from tfppdnn.images.resizing import resize_square
from tfppdnn.protector.litert import LiteRTScheme

EXPORT = Path(__file__).parent.parent / "export"
WEB = EXPORT / "web"
VECTOR = EXPORT / "conformance/vector"

if chromium.PROGRAM is None:
    pytest.skip("needs the program chromium", allow_module_level=True)
if not (WEB / "vendor/litert.js").is_file():
    pytest.skip("needs LiteRT.js: npm ci --prefix export/web", allow_module_level=True)
pytest.importorskip("websocket", reason="needs websocket-client")
for package in ("fastapi", "grpc", "tensorflow_serving"):
    pytest.importorskip(package, reason=f"needs {package}")

from serving_samples import NAMES, export_tiny_classifier, running  # noqa: E402

RNG = np.random.default_rng(11)
# What Chromium says of a machine without a graphics card.
HARMLESS = {"No available adapters."}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder with the files that are served and what they are compared with."""
    folder = tmp_path_factory.mktemp("run")
    for name in ("protector.tflite", "protector_web.tflite"):
        shutil.copy(VECTOR / "models" / name, folder)
    export_tiny_classifier(folder / "classifier")
    return folder


@pytest.fixture(scope="module")
def protector(run):
    return LiteRTScheme(run / "protector.tflite")


@pytest.fixture(scope="module")
def site(run):
    """The address of the real server."""
    with running(run, web=(WEB, run / "protector_web.tflite")) as server:
        yield f"http://{server.rest_address}/"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.browser_page(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(scope="module")
def opened(browser, site):
    """The page, loaded once for all tests that do not change what it remembers."""
    return open_page(browser, site)


@pytest.fixture
def page(opened):
    """The page, ready for a picture."""
    opened.look()
    forget(opened)
    opened.requests.clear()
    opened.messages.clear()
    yield opened
    assert set(opened.messages) <= HARMLESS


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


@pytest.mark.parametrize("size", WEB_SIZES)
def test_what_is_sent_is_what_python_makes_of_the_same_file(page, protector, tmp_path, size):
    path = saved(tmp_path / "picture.png", 250, 301)
    give(page, path, size)
    send(page)
    plain = resize_square(read_image(path), size)
    (request,) = posts(page)
    sent = pixels_of(sent_png(request))
    # Processors and WebAssembly round sums of floats differently; as for every other file.
    assert_same_pixels(sent, protector.protect(plain))
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


def test_no_plain_pixel_and_no_name_leaves_the_browser(page, site, tmp_path):
    path = saved(tmp_path / "secret-name.png", 32, 32)
    plain = read_image(path)
    give(page, path)
    assert posts(page) == []  # nothing is sent before the user says so
    send(page)

    assert {urlsplit(request["url"]).netloc for request in page.requests} == {urlsplit(site).netloc}
    (request,) = posts(page)
    png = sent_png(request)
    assert {chunk for chunk, *_ in chunks(png)} == {b"IHDR", b"IDAT", b"IEND"}
    assert not (pixels_of(png) == plain).all(-1).any()
    sent = [json.dumps(one).encode() for one in page.requests] + [png, pixels_of(png).tobytes()]
    for row in plain:
        pieces = (row.tobytes(), base64.b64encode(row.tobytes()), row.tobytes().hex().encode())
        assert not any(piece in content for piece in pieces for content in sent)
    assert not any(b"secret-name" in content for content in sent)


def test_nothing_is_stored_and_nobody_is_told_where_the_picture_was_seen(page, tmp_path):
    give(page, saved(tmp_path / "picture.png"))
    send(page)
    stored = page.evaluate("""(async () => [
        localStorage.length, sessionStorage.length, document.cookie.length,
        (await indexedDB.databases()).length, (await caches.keys()).length,
        (await navigator.serviceWorker.getRegistrations()).length,
    ])()""")
    assert set(stored) == {0}
    (request,) = posts(page)
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert not headers.get("referer") and not headers.get("cookie")


def chunks(png):
    place = 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += length + 12


def test_the_counter_counts_what_was_recorded(page, site, tmp_path):
    open_page(page, site)
    page.requests.clear()
    give(page, saved(tmp_path / "one.png"))
    assert text(page, "#requests") == text(page, "#bytes") == "0"
    send(page)
    give(page, saved(tmp_path / "two.png"), 96)
    send(page)
    recorded = posts(page)
    assert text(page, "#requests") == str(len(recorded)) == "2"
    assert text(page, "#bytes") == f"{sum(len(one['postData']) for one in recorded):,}"
    assert text(page, "#protected-pixels") == f"{32 * 32 + 96 * 96:,}"
    assert text(page, "#plain-pixels") == "0"
    assert text(page, "#last-request").endswith(recorded[-1]["postData"])


def test_a_picture_that_is_not_changed_is_not_sent(page):
    sent = page.evaluate("""(async () => {
        const {classified} = await import('./server.js');
        const plain = new Uint8Array(32 * 32 * 3).map((_, i) => i);
        try { return await classified(plain, plain, 32); }
        catch (error) { return error.message; }
    })()""")
    assert sent.endswith("nothing was sent")
    assert posts(page) == []


def test_shows_the_servers_answer_as_bars(page, run, protector, tmp_path):
    import tensorflow as tf

    path = saved(tmp_path / "picture.png")
    give(page, path)
    send(page)
    classifier = tf.saved_model.load(str(run / "classifier"))
    image = protector.protect(resize_square(read_image(path), 32))
    expected = classifier.signatures["serving_default"](image=tf.constant(image[None]))
    first = int(expected["class_id"][0])
    probabilities = expected["probabilities"][0].numpy()
    assert text(page, ".answers li .label") == NAMES[first]
    shown = page.evaluate("[...document.querySelectorAll('.percent')].map((e) => e.textContent)")
    assert shown == [f"{100 * p:.1f}%" for p in sorted(probabilities.tolist(), reverse=True)]
    page.wait_for("document.querySelector('.bar').style.width !== ''")
    widths = page.evaluate("[...document.querySelectorAll('.bar')].map((e) => e.style.width)")
    assert widths == shown


@contextlib.contextmanager
def answering(page, response):
    """Takes the place of the server. The response is given as JavaScript."""
    page.evaluate(f"window.kept = fetch; window.fetch = async () => new Response({response}); 0")
    yield
    page.evaluate("window.fetch = window.kept; 0")


@pytest.mark.parametrize(
    ("response", "message"),
    [
        ('\'{"error": "it does not look protected"}\', {status: 422}', "does not look protected"),
        ('\'{"error": "full"}\', {status: 429}', "busy"),
        ("'oops', {status: 500}", "answered 500"),
        ("'{\"predictions\": []}'", "does not answer as a classifier"),
        ('\'{"predictions": [{"label": "<b>x</b>", "class_id": 0}]}\'', "does not answer"),
    ],
)
def test_says_why_there_is_no_answer(page, tmp_path, response, message):
    with answering(page, response):
        give(page, saved(tmp_path / "picture.png"))
        send(page)
    assert message in text(page, "#answer .error")
    assert page.evaluate("!document.querySelector('#send').disabled")


def test_a_label_is_shown_as_text_only(page, tmp_path):
    answer = {"label": "<img src=x>", "class_id": 0, "probabilities": [1]}
    content = json.dumps(json.dumps({"predictions": [answer]}))
    with answering(page, content):
        give(page, saved(tmp_path / "picture.png"))
        send(page)
    assert text(page, ".answers .label") == "<img src=x>"
    assert page.evaluate("document.querySelectorAll('#answer img').length") == 0


def test_a_file_that_is_no_picture_is_said_to_be_none(page, tmp_path):
    (tmp_path / "text.png").write_text("text")
    page.choose_file("#file", tmp_path / "text.png")
    page.wait_for("document.querySelector('#status.error')")
    assert "not a picture" in text(page, "#status")
    assert page.evaluate("document.querySelector('#send').disabled")


def test_a_picture_can_be_dropped(page):
    page.evaluate("""(async () => {
        const canvas = new OffscreenCanvas(40, 40);
        canvas.getContext('2d').fillRect(0, 0, 20, 20);
        const data = new DataTransfer();
        data.items.add(new File([await canvas.convertToBlob()], 'dropped.png'));
        const event = {bubbles: true, cancelable: true, dataTransfer: data};
        return document.body.dispatchEvent(new DragEvent('drop', event));
    })()""")
    page.wait_for("!document.querySelector('#send').disabled")
    assert posts(page) == []


def test_a_picture_can_be_taken_with_the_camera(page):
    page.evaluate("document.querySelector('#camera').click()")
    page.wait_for("!document.querySelector('#shutter').disabled")
    page.evaluate("window.track = document.querySelector('#video').srcObject.getTracks()[0]; 0")
    page.evaluate("document.querySelector('#shutter').click()")
    page.wait_for("!document.querySelector('#send').disabled")
    page.wait_for("!document.querySelector('#camera-dialog').open")
    page.wait_for("window.track.readyState === 'ended'")
    assert posts(page) == []


def test_the_browser_lets_the_page_talk_to_its_own_server_only(page):
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        other = f"http://127.0.0.1:{elsewhere.getsockname()[1]}"
        blocked = page.evaluate(f"""(async () => {{
            const blocked = [];
            const note = ({{blockedURI}}) => blocked.push(blockedURI);
            document.addEventListener('securitypolicyviolation', note);
            await fetch('{other}/').catch(() => {{}});
            new Image().src = '{other}/x.png?pixels';
            navigator.sendBeacon('{other}/beacon', 'pixels');
            try {{ eval('1'); }} catch {{ /* noted, too */ }}
            await new Promise((done) => setTimeout(done, 50));
            return blocked;
        }})()""")
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has knocked
            elsewhere.accept()
    assert {f"{other}/", f"{other}/x.png?pixels", f"{other}/beacon", "eval"} <= set(blocked)
    page.messages.clear()  # the browser's own words about the above


def test_the_policy_stands_in_the_page_too():
    page = (WEB / "index.html").read_text()
    policy = page.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert rules["connect-src"] == "'self'"


def test_everything_can_be_done_with_the_keyboard(page, tmp_path):
    give(page, saved(tmp_path / "picture.png"))
    # Before the first element.
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    visited = []
    for _ in range(4):
        page.press("Tab")
        visited.append(page.evaluate("document.activeElement.id"))
        outline = (
            "getComputedStyle(document.activeElement.closest('.file') ?? document.activeElement)"
        )
        assert page.evaluate(f"{outline}.outlineStyle") == "solid"
    assert visited == ["file", "camera", "size", "send"]
    page.press("Enter")
    page.wait_for("document.querySelector('.answers')")
    page.evaluate("document.querySelector('#camera').focus()")
    page.press("Enter")
    page.wait_for("document.activeElement.id === 'shutter'")
    page.press("Escape")
    page.wait_for("!document.querySelector('#camera-dialog').open")
    assert page.evaluate("document.activeElement.id") == "camera"


def test_a_screen_reader_is_told_everything(page, tmp_path):
    give(page, saved(tmp_path / "picture.png"))
    send(page)
    nodes = page.command("Accessibility.getFullAXTree")["nodes"]
    named = {"button", "combobox", "image", "region", "heading", "textbox"}
    names = {}
    for node in nodes:
        role = node.get("role", {}).get("value")
        if role in named and not node.get("ignored"):
            name = node.get("name", {}).get("value", "")
            assert name, node
            names.setdefault(role, []).append(name)
    assert any("protected picture" in name for name in names["image"])
    assert "Send the protected picture" in names["button"]
    assert "Size" in names["combobox"]
    for selector, live in (("#status", "status"), ("#answer", None)):
        role = page.evaluate(f"document.querySelector('{selector}').getAttribute('role')")
        polite = page.evaluate(f"document.querySelector('{selector}').getAttribute('aria-live')")
        assert role == live or polite == "polite"
    assert page.evaluate("document.documentElement.lang") == "en"


CONTRASTS = """(() => {
    const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) =>
        0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const ground = (element) => {
        for (; element; element = element.parentElement) {
            const colour = numbers(getComputedStyle(element).backgroundColor);
            if (colour[3] !== 0) return colour;
        }
    };
    return [...document.querySelectorAll('body *')]
        .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
        .filter((e) => e.checkVisibility())
        .map((e) => {
            const [a, b] = [numbers(getComputedStyle(e).color), ground(e)].map(light);
            return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent.trim()];
        });
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_and_fits_a_phone(page, tmp_path, scheme):
    page.look(width=360, height=740, scheme=scheme)
    give(page, saved(tmp_path / "picture.png"))
    send(page)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 20
    assert min(contrasts)[0] >= 4.5, min(contrasts)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    narrow = page.evaluate("""[...document.querySelectorAll('button, .button, select')]
        .filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().height)""")
    assert min(narrow) >= 44


def test_nothing_moves_for_those_who_do_not_want_it(page, tmp_path):
    page.look(motion="reduce")
    give(page, saved(tmp_path / "picture.png"))
    send(page)
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.bar')).transitionDuration") == "0s"
    )


@pytest.mark.parametrize(
    ("blocked", "message"),
    [("*/vendor/litert.js", "npm ci"), ("*/protector_web.tflite", "cannot be loaded")],
)
def test_a_file_that_is_missing_is_named(browser, site, blocked, message):
    browser.open("about:blank")
    browser.command("Network.setBlockedURLs", urls=[blocked])
    browser.open(site)
    browser.wait_for("document.querySelector('#status.error')")
    assert message in text(browser, "#status")
    assert browser.evaluate("document.querySelector('#file').disabled")
    browser.command("Network.setBlockedURLs", urls=[])
