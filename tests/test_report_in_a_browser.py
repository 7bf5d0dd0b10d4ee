"""The reports in a real browser, on a telephone too."""

import shutil

import chromium
import pytest

pytestmark = pytest.mark.skipif(chromium.PROGRAM is None, reason="needs the program chromium")

FIRST = "document.querySelector('header .decision .headline').getBoundingClientRect()"
TOO_WIDE = """[...document.querySelectorAll('body *')].filter(e =>
    !e.closest('.scrolls') && e.getBoundingClientRect().right > innerWidth + 0.5
).map(e => e.tagName + ': ' + e.textContent.trim().slice(0, 40))"""


@pytest.fixture(scope="module")
def page(tiny_run, tmp_path_factory):
    pytest.importorskip("websocket", reason="needs websocket-client")
    folder = tmp_path_factory.mktemp("browser")
    shutil.copy(tiny_run / "report.html", folder)
    with chromium.browser_page(folder) as page:
        page.look(width=360, height=800)
        page.open((folder / "report.html").as_uri())
        page.wait_for("document.readyState === 'complete' && document.querySelector('footer')")
        yield page


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(page, width):
    page.look(width=width, height=800)
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_decision_is_what_one_sees_first(page):
    page.look(width=360, height=800)
    assert page.evaluate(f"{FIRST}.bottom") < 800
    sizes = "[...document.querySelectorAll('p, dd, td')].map(e => getComputedStyle(e).fontSize)"
    assert min(float(size.removesuffix("px")) for size in page.evaluate(sizes)) >= 13
    assert page.messages == []
