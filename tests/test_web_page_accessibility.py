"""Whoever cannot see, point, or look at what moves can use the page."""

import pytest
from web_page_samples import give, saved, send


def test_everything_can_be_done_with_the_keyboard(page, tmp_path):
    give(page, saved(tmp_path / "picture.png"))
    # Before the first element.
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    visited = []
    for _ in range(5):
        page.press("Tab")
        visited.append(page.evaluate("document.activeElement.id"))
        outline = (
            "getComputedStyle(document.activeElement.closest('.file') ?? document.activeElement)"
        )
        assert page.evaluate(f"{outline}.outlineStyle") == "solid"
    assert visited == ["file", "camera", "example", "size", "send"]
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
