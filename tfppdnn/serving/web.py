"""The browser client's static files, served from the same origin as the classifier."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import fastapi
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from tfppdnn.errors import UserError

# 'wasm-unsafe-eval' lets LiteRT.js compile; camera and dropped files are blobs.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
# What the system's own table has wrong or not at all.
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".tflite": "application/octet-stream",
    ".svg": "image/svg+xml",
}
_PACKAGE = Path(__file__).parent
_CHECKOUT = Path("export", "web")
STATIC_ROOTS = (_PACKAGE / "web", _PACKAGE.parent.parent / _CHECKOUT)
"""The folder of an installed package, and the checkout's; the first that exists is served."""


def page_folder() -> Path:
    """Returns the folder of the page.

    Raises:
        UserError: It is not complete.
    """
    root = next((root for root in STATIC_ROOTS if (root / "index.html").is_file()), None)
    if root is None:
        raise UserError("--web: the browser client is not installed; leave the option out")
    if not (root / "vendor" / "litert.js").is_file():
        place = _CHECKOUT if root == STATIC_ROOTS[1] else root
        raise UserError(f"--web: LiteRT.js is missing; run: npm ci --prefix {place}")
    return root


def add_web(app: fastapi.FastAPI, root: Path, protector: Path) -> None:
    """Serves the page at / and the protector at /protector_web.tflite.

    Args:
        app: Where it is added, after all other paths.
        root: The folder of the page; nothing outside it is served.
        protector: The file of h_p for browsers.
    """

    @app.get("/protector_web.tflite", include_in_schema=False)
    async def protector_file() -> Response:
        return FileResponse(protector, media_type=_MEDIA_TYPES[".tflite"], headers=_HEADERS)

    app.mount("/", _Files(directory=root, html=True))


class _Files(StaticFiles):
    def file_response(self, full_path: str | os.PathLike[str], *args: Any, **kwargs: Any):
        response = super().file_response(full_path, *args, **kwargs)
        response.headers.update(_HEADERS)
        media_type = _MEDIA_TYPES.get(Path(full_path).suffix)
        if media_type and response.status_code == 200:
            response.headers["content-type"] = media_type
        return response
