"""Pages of other people cannot use a server for this machine through its browser."""

import json

import pytest
from serving_samples import CLIENT, PICTURE, assert_serves, running, url

SECONDS = 30

LARGEST = 2**20
pytestmark = pytest.mark.usefixtures("nothing_is_said")


@pytest.fixture(scope="module")
def server(served_run):
    with running(served_run, max_request_bytes=LARGEST) as server:
        yield server


def asked(server, **headers):
    """The answers to a GET and to a POST with these headers."""
    return [
        CLIENT.request(method, url(server, end), headers=headers, content=content)
        for method, end, content in (
            ("GET", "", b""),
            ("POST", ":predict", json.dumps({"instances": [PICTURE.tolist()]})),
        )
    ]


@pytest.mark.parametrize("host", ["localhost:8501", "LOCALHOST", "127.0.0.1", "[::1]:8501"])
def test_this_machine_s_own_names_are_answered(server, host):
    assert [answer.status_code for answer in asked(server, host=host)] == [200, 200]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil", "["])
def test_a_page_that_takes_this_machine_s_address_reads_nothing(server, host):
    """DNS rebinding: the browser believes that loopback is the page's own server."""
    for answer in asked(server, host=host):
        assert answer.status_code == 403
        assert "--hosts=NAME" in answer.json()["error"]
    assert_serves(server)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_origins_cannot_post(server, site):
    """They may link here; what they would get they cannot read."""
    answers = asked(server, **{"sec-fetch-site": site})
    assert [answer.status_code for answer in answers] == [200, 403]
    answers = asked(server, **{"sec-fetch-site": "same-origin"})
    assert [answer.status_code for answer in answers] == [200, 200]


def test_names_are_those_of_the_proxy_in_front(served_run):
    with running(served_run, hosts=("photos.example",)) as server:
        answers = asked(server, host="Photos.example", **{"sec-fetch-site": "same-origin"})
        assert [answer.status_code for answer in answers] == [200, 200]
        answers = asked(server, host="Photos.example", **{"sec-fetch-site": "cross-site"})
        assert [answer.status_code for answer in answers] == [200, 403]
        answers = asked(server, host="evil.example")
        assert [answer.status_code for answer in answers] == [403, 403]


def test_a_server_for_other_machines_takes_any_name(served_run):
    with running(served_run, host="0.0.0.0") as server:
        answers = asked(server, host="photos.example")
        assert [answer.status_code for answer in answers] == [200, 200]
        answers = asked(server, host="photos.example", **{"sec-fetch-site": "cross-site"})
        assert [answer.status_code for answer in answers] == [200, 403]
