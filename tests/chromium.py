"""A headless Chromium that tests drive through the DevTools protocol."""

import base64
import contextlib
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--hide-scrollbars",
    # A moving test picture in place of a camera, allowed without a question.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--remote-debugging-port=0",
    "about:blank",
)


@contextlib.contextmanager
def browser_page(folder):
    """Yields a page of a browser of its own, whose profile is kept in `folder`."""
    import websocket

    profile = Path(folder) / "profile"
    with open(Path(folder) / "chromium.log", "wb") as log:  # noqa: PTH123
        process = subprocess.Popen(
            [PROGRAM, f"--user-data-dir={profile}", *_OPTIONS], stdout=log, stderr=log
        )
    try:
        port = _once(lambda: (profile / "DevToolsActivePort").read_text().split()[0])
        (target,) = _once(lambda: _pages(port))
        connection = websocket.create_connection(
            target["webSocketDebuggerUrl"], timeout=30, suppress_origin=True
        )
        yield Page(connection)
        connection.close()
    finally:
        process.terminate()
        process.wait()


class Page:
    """A tab. Every request that it sends is noted in `requests`, every message in `messages`."""

    def __init__(self, connection):
        self._connection = connection
        self._number = 0
        self.requests, self.messages = [], []
        for domain in ("Page", "Runtime", "DOM", "Log"):
            self.command(f"{domain}.enable")
        self.command("Network.enable", maxPostDataSize=2**26)

    def command(self, method, **parameters):
        """Sends a command and returns its result."""
        self._number += 1
        number = self._number
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv())
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._note(message)

    def _note(self, message):
        parameters = message.get("params", {})
        if message["method"] == "Network.requestWillBeSent":
            self.requests.append(parameters["request"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.messages.append(json.dumps(parameters["exceptionDetails"]))
        elif message["method"] == "Log.entryAdded":
            self.messages.append(parameters["entry"]["text"])

    def evaluate(self, expression):
        """Returns what a JavaScript expression is, or what its promise is fulfilled with."""
        answer = self.command(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            # As scripts of the page itself, which may not.
            allowUnsafeEvalBlockedByCSP=False,
        )
        assert "exceptionDetails" not in answer, json.dumps(answer["exceptionDetails"])[:2000]
        return answer["result"].get("value")

    def open(self, url):
        self.command("Page.navigate", url=url)

    def wait_for(self, expression):
        """Waits until a JavaScript expression is true."""
        return _once(lambda: self.evaluate(f"Boolean({expression})") or None, what=expression)

    def choose_file(self, selector, path):
        root = self.command("DOM.getDocument")["root"]["nodeId"]
        node = self.command("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.command("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def press(self, key, *, modifiers=0):
        text = {"Enter": "\r", " ": " "}.get(key, "")
        code = {"Tab": 9, "Enter": 13, " ": 32, "Escape": 27}[key]
        for kind in ("keyDown", "keyUp"):
            self.command(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code="Space" if key == " " else key,
                windowsVirtualKeyCode=code,
                modifiers=modifiers,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    def look(self, *, width=1280, height=900, scheme="light", motion="no-preference"):
        """Sets the size of the window and what the user prefers."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        self.command(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in features.items()],
        )

    def screenshot(self, path):
        answer = self.command("Page.captureScreenshot", captureBeyondViewport=True)
        Path(path).write_bytes(base64.b64decode(answer["data"]))


def _pages(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
        return [one for one in json.load(answer) if one["type"] == "page"] or None


def _once(attempt, *, what="Chromium", seconds=30):
    """Returns the first result of `attempt` that is not None."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, IndexError):
            result = attempt()
            if result is not None:
                return result
        assert time.monotonic() < deadline, f"{what}: waited for {seconds} seconds"
        time.sleep(0.02)
