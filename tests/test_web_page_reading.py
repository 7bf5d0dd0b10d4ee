"""A browser that changes what a page reads of a canvas changes no picture, or the page says so."""

import contextlib

import numpy as np
from web_page_samples import give, open_page, pixels_of, posts, saved, send, sent_png, shown

from tfppdnn.images.files import read_image
from tfppdnn.images.resizing import resize_square

# As browsers do that guard against being recognised: the lowest bit of some values, by the
# canvas and the site.
NOISE = """
const {getImageData} = OffscreenCanvasRenderingContext2D.prototype;
OffscreenCanvasRenderingContext2D.prototype.getImageData = function(...place) {
  const image = getImageData.apply(this, place);
  for (let at = 0; at < image.data.length; at += 97) if (at % 4 !== 3) image.data[at] ^= 1;
  window.reads = (window.reads ?? 0) + 1;
  return image;
};
"""
NO_FRAMES = "delete window.VideoFrame;"


@contextlib.contextmanager
def changed_browser(browser, site, script):
    command = "Page.addScriptToEvaluateOnNewDocument"
    number = browser.command(command, source=script)["identifier"]
    try:
        browser.requests.clear()
        yield open_page(browser, site)
    finally:
        browser.command("Page.removeScriptToEvaluateOnNewDocument", identifier=number)


def says_that_pictures_are_changed(page):
    return page.evaluate("document.querySelector('#changed').checkVisibility()")


def test_pixels_are_read_exactly_in_spite_of_noise(browser, web_site, web_protector, tmp_path):
    path = saved(tmp_path / "picture.png", 250, 301)
    plain = resize_square(read_image(path), 32)
    with changed_browser(browser, web_site, NOISE) as page:
        assert page.evaluate("window.reads") == 1  # The trial, which was noticed.
        give(page, path)
        np.testing.assert_array_equal(shown(page, "#plain"), plain)
        assert page.evaluate("window.reads") == 1
        assert not says_that_pictures_are_changed(page)
        send(page)
        sent = pixels_of(sent_png(posts(page)[-1]))
    np.testing.assert_array_equal(sent, web_protector.protect(plain))


def test_a_transparent_picture_is_read_exactly_in_spite_of_noise(browser, web_site, tmp_path):
    path = saved(tmp_path / "picture.png", 32, 32, "RGBA")
    with changed_browser(browser, web_site, NOISE) as page:
        give(page, path)
        by_frame = shown(page, "#plain")
    give(open_page(browser, web_site), path)
    np.testing.assert_array_equal(by_frame, shown(browser, "#plain"))


def test_a_browser_that_cannot_be_read_exactly_is_named(browser, web_site, tmp_path):
    with changed_browser(browser, web_site, NOISE + NO_FRAMES) as page:
        assert says_that_pictures_are_changed(page)
        give(page, saved(tmp_path / "picture.png"))  # It can be used all the same.
    assert not says_that_pictures_are_changed(open_page(browser, web_site))


def test_frames_are_read_as_a_canvas_is_up_to_the_largest(browser, web_site):
    page = open_page(browser, web_site)
    differing = page.evaluate("""(async () => {
        const {opaqueCanvas, pixelsOf} = await import('./reading.js');
        const draw = () => {
            const canvas = opaqueCanvas(4096);
            const context = canvas.getContext('2d');
            for (let x = 0; x < 4096; x += 7) {
                context.fillStyle = `rgb(${x % 256} ${(x * 5) % 256} ${(x * 11) % 256})`;
                context.fillRect(x, x / 2, 7, 4096 - x);
            }
            return canvas;
        };
        const byCanvas = await pixelsOf(draw());
        const frame = new VideoFrame(draw().transferToImageBitmap(), {timestamp: 0});
        const byFrame = new Uint8ClampedArray(byCanvas.length);
        await frame.copyTo(byFrame, {format: 'RGBA'});
        frame.close();
        let count = 0;
        byFrame.forEach((value, place) => { count += value !== byCanvas[place]; });
        return count;
    })()""")
    assert differing == 0
