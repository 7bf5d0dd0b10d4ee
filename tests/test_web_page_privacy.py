"""No plain pixel leaves the browser, and the page shows what does."""

import base64
import json
import socket
import struct
from urllib.parse import urlsplit

import pytest
from web_page_samples import (
    WEB,
    give,
    open_page,
    pixels_of,
    posts,
    saved,
    send,
    sent_png,
    text,
)

from tfppdnn.images.files import read_image


def test_no_plain_pixel_and_no_name_leaves_the_browser(page, web_site, tmp_path):
    path = saved(tmp_path / "secret-name.png", 32, 32)
    plain = read_image(path)
    give(page, path)
    assert posts(page) == []  # nothing is sent before the user says so
    send(page)

    assert {urlsplit(request["url"]).netloc for request in page.requests} == {
        urlsplit(web_site).netloc
    }
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


def test_the_counter_counts_what_was_recorded(page, web_site, tmp_path):
    open_page(page, web_site)
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


@pytest.mark.parametrize(
    ("left", "noise", "says"),
    [(0.0, False, ""), (0.03, False, "changes too little"), (1.0, False, "too"), (1.0, True, "")],
)
def test_white_that_is_white_by_chance_is_sent_and_what_was_left_is_not(page, left, noise, says):
    """Half a picture is white, and so is an eighth of the greys that it is drawn in.

    What noise drew is sent whatever it is: otherwise it would tell what the picture is not.
    """
    said = page.evaluate(f"""(async () => {{
        const {{classified}} = await import('./server.js');
        const count = 64 * 64, plain = new Uint8Array(3 * count), drawn = new Uint8Array(3 * count);
        for (let at = 0; at < count; at++) {{
          const white = at % 2 === 0;
          plain.set(white ? [255, 255, 255] : [at % 251, at % 13, at % 7], 3 * at);
          const grey = 36 * (Math.imul(at, 2654435761) >>> 29) + 3;
          drawn.set(grey === 255 ? [255, 255, 255] : [grey, grey, grey], 3 * at);
          if (at < {left} * count) drawn.set(plain.subarray(3 * at, 3 * at + 3), 3 * at);
        }}
        try {{ await classified(drawn, plain, 64, {str(noise).lower()}); return ''; }}
        catch (error) {{ return error.message; }}
    }})()""")
    assert ("changes too little" in said) == bool(says), said
    assert len(posts(page)) == (not says)
