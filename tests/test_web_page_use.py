"""Pictures come from files, the mouse or the camera, and answers or reasons are shown."""

import contextlib
import json

import numpy as np
import pytest
from serving_samples import NAMES
from web_page_samples import WEB, give, posts, saved, send, shown, text

from tfppdnn.images.files import read_image
from tfppdnn.images.resizing import resize_square


def test_shows_the_servers_answer_as_bars(page, web_run, web_protector, tmp_path):
    import tensorflow as tf

    path = saved(tmp_path / "picture.png")
    give(page, path)
    send(page)
    classifier = tf.saved_model.load(str(web_run / "classifier"))
    image = web_protector.protect(resize_square(read_image(path), 32))
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


def test_an_example_can_be_tried(page):
    page.evaluate("document.querySelector('#example').click()")
    page.wait_for("!document.querySelector('#send').disabled")
    assert posts(page) == []
    plain = resize_square(read_image(WEB / "example.jpg"), 32)
    # Every decoder of JPEG rounds in its own way.
    assert np.abs(shown(page, "#plain").astype(int) - plain).max() <= 4


def test_an_example_that_is_not_there_is_said_to_be_missing(page):
    with answering(page, "'none', {status: 404}"):
        page.evaluate("document.querySelector('#example').click()")
        page.wait_for("document.querySelector('#status.error')")
    assert "The example cannot be loaded: the server answered 404" in text(page, "#status")


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


def test_a_camera_that_is_allowed_late_does_not_stay_on(page):
    """Opened, given up while the browser asks, and opened again: then the user allows both."""
    page.evaluate("""(() => {
        const devices = navigator.mediaDevices;
        window.kept = devices.getUserMedia;
        window.streams = [];
        const allowed = new Promise((allow) => { window.allow = allow; });
        devices.getUserMedia = async (wish) => {
            await allowed;
            const stream = await window.kept.call(devices, wish);
            window.streams.push(stream);
            return stream;
        };
    })()""")
    for button in ("#camera", "#camera-close", "#camera"):
        page.evaluate(f"document.querySelector('{button}').click()")
    page.evaluate("window.allow()")
    page.wait_for("window.streams.length === 2 && !document.querySelector('#shutter').disabled")
    on = "window.streams.filter((stream) => stream.active)"
    assert page.evaluate(f"{on}.length") == 1
    assert page.evaluate(f"{on}[0] === document.querySelector('#video').srcObject")
    page.evaluate("document.querySelector('#camera-close').click()")
    page.wait_for(f"{on}.length === 0")
    page.evaluate("navigator.mediaDevices.getUserMedia = window.kept; 0")


@contextlib.contextmanager
def decoding_late(page, name):
    """Has the browser decode files of one name when `window.decode` is called, and not before."""
    page.evaluate(f"""(() => {{
        window.kept = createImageBitmap;
        const told = new Promise((tell) => {{ window.told = tell; }});
        window.createImageBitmap = (file, ...rest) => {{
            if (file.name !== '{name}') return window.kept(file, ...rest);
            return window.late = told.then(() => window.kept(file, ...rest));
        }};
        window.decode = async () => {{
            window.told();
            await window.late.catch(() => {{}});
            await new Promise((done) => setTimeout(done));
        }};
    }})()""")
    yield
    page.evaluate("window.createImageBitmap = window.kept; 0")


def test_a_file_that_is_no_picture_leaves_the_one_before_it(page, tmp_path):
    (tmp_path / "text.png").write_text("text")
    with decoding_late(page, "good.png"):
        page.choose_file("#file", saved(tmp_path / "good.png"))
        page.choose_file("#file", tmp_path / "text.png")
        page.wait_for("document.querySelector('#status.error')")
        page.evaluate("window.decode()")
        page.wait_for("!document.querySelector('#send').disabled")
    plain = resize_square(read_image(tmp_path / "good.png"), 32)
    assert (shown(page, "#plain") == plain).all()


def test_nothing_is_said_of_a_file_that_another_has_followed(page, tmp_path):
    (tmp_path / "text.png").write_text("text")
    with decoding_late(page, "text.png"):
        page.choose_file("#file", tmp_path / "text.png")
        give(page, saved(tmp_path / "good.png"))
        page.evaluate("window.decode()")
    assert text(page, "#status").startswith("Protected in this browser")
    assert not page.evaluate("document.querySelector('#send').disabled")


def test_of_a_picture_that_was_sent_it_is_never_said_that_it_was_not(page, tmp_path):
    give(page, saved(tmp_path / "one.png"))
    assert "Nothing of this picture has been sent" in text(page, "#status")
    send(page)
    page.evaluate("document.querySelector('#send').disabled = true")
    page.evaluate("document.querySelector('#size').value = '64'")
    page.evaluate("document.querySelector('#size').dispatchEvent(new Event('change'))")
    page.wait_for("!document.querySelector('#send').disabled")
    assert text(page, "#status").endswith("This picture was sent before, at 32.")
    assert "None yet of what is shown now" in text(page, "#answer")
    give(page, saved(tmp_path / "two.png"))
    assert "Nothing of this picture has been sent" in text(page, "#status")


def test_of_two_pictures_the_later_one_stays(page, tmp_path):
    with decoding_late(page, "slow.png"):
        page.choose_file("#file", saved(tmp_path / "slow.png"))
        give(page, saved(tmp_path / "good.png"))
        page.evaluate("window.decode()")
    assert text(page, "#status").startswith("Protected in this browser")
    plain = resize_square(read_image(tmp_path / "good.png"), 32)
    assert (shown(page, "#plain") == plain).all()


@pytest.mark.parametrize(
    ("blocked", "message"),
    [("*/vendor/litert.js", "npm ci"), ("*/protector_web.tflite", "cannot be loaded")],
)
def test_a_file_that_is_missing_is_named(browser, web_site, blocked, message):
    browser.open("about:blank")
    browser.command("Network.setBlockedURLs", urls=[blocked])
    browser.open(web_site)
    browser.wait_for("document.querySelector('#status.error')")
    assert message in text(browser, "#status")
    assert browser.evaluate("document.querySelector('#file').disabled")
    browser.command("Network.setBlockedURLs", urls=[])
