"""A server that keeps what it is sent, and a client of it, which the clients' tests share."""

import base64
import http.server
import io
import json
import threading

import numpy as np
from PIL import Image

from tfppdnn.client import Client
from tfppdnn.client.retry import Retry

CLASSES = ("cat", "dog", "ship")
RNG = np.random.default_rng(5)


class Negative:
    """A protector whose work is easily checked."""

    def protect(self, images):
        return 255 - images


def answer_to(png):
    """What the servers of these tests say: the class depends on the first pixel."""
    class_id = int(np.asarray(Image.open(io.BytesIO(png)))[0, 0, 0]) % 3
    probabilities = [0.25, 0.25, 0.25]
    probabilities[class_id] = 0.5
    return {"probabilities": probabilities, "class_id": class_id, "label": CLASSES[class_id]}


def expected(image):
    """The answer to a plain image, by the same rule."""
    class_id = int(255 - image[0, 0, 0]) % 3
    return CLASSES[class_id], class_id, 0.5


def photographs(count=1, height=6, width=8):
    return RNG.integers(0, 256, (count, height, width, 3), np.uint8)


class Server:
    """Speaks HTTP on loopback, answers what `reply` says, and keeps every request's body."""

    def __init__(self, reply=None):
        self.bodies, self.paths, self.headers = [], [], []
        self.reply = reply or (lambda server, pngs: predictions(pngs))

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):  # noqa: N805
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.bodies.append(body)
                self.paths.append(handler.path)
                self.headers.append(handler.headers)
                status, headers, content = self.reply(self, pngs_of(body))
                handler.send_response(status)
                for name, value in headers.items():
                    handler.send_header(name, value)
                handler.send_header("Content-Length", str(len(content)))
                handler.end_headers()
                handler.wfile.write(content)

            def log_message(handler, *arguments):  # noqa: N805
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def sent_images(self):
        return [np.asarray(Image.open(io.BytesIO(p))) for b in self.bodies for p in pngs_of(b)]

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def pngs_of(body):
    return [
        base64.b64decode(one["image_bytes"]["b64"], validate=True)
        for one in json.loads(body)["instances"]
    ]


def predictions(pngs):
    return 200, {}, json.dumps({"predictions": [answer_to(png) for png in pngs]}).encode()


def error(status, message="no", **headers):
    return status, headers, json.dumps({"error": message}).encode()


class Waits:
    """Takes the place of sleeping."""

    def __init__(self, **settings):
        self.seconds = []
        self.retry = Retry(sleep=self.seconds.append, jitter=lambda: 1.0, **settings)


def client_of(server, **settings):
    return Client(getattr(server, "url", server), protector=Negative(), **settings)
