"""What openapi.json says of the REST interface, whose bodies FastAPI does not read itself."""

from __future__ import annotations

from typing import Any

# By hand: FastAPI describes what it reads and checks itself, but would refuse in its own words.
PARTS = ("", "/versions/{version}", "/labels/{label}")
"""How a path may name the version: the newest, by number, by label."""

_SUMMARIES = {
    "predict": "Classify protected images",
    "classify": "Not implemented: the model takes no tf.Example",
    "regress": "Not implemented: the model takes no tf.Example",
    "status": "State of the model's versions",
    "metadata": "Signatures of the model",
}
_PARAMETERS = {
    "name": {"type": "string", "example": "classifier"},
    "version": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
    "label": {"type": "string"},
}
_ERROR_CODES = {
    "predict": ("400", "404", "408", "413", "422", "429", "500", "503", "504"),
    "classify": ("400", "404", "501"),
    "regress": ("400", "404", "501"),
    "status": ("400", "404"),
    "metadata": ("400", "404"),
}
_ANSWERS = {
    "predict": {
        "type": "object",
        "properties": {"predictions": {"type": "array"}, "outputs": {"type": "object"}},
    },
    "status": {
        "type": "object",
        "required": ["model_version_status"],
        "properties": {"model_version_status": {"type": "array", "items": {"type": "object"}}},
    },
    "metadata": {
        "type": "object",
        "required": ["model_spec", "metadata"],
        "properties": {"model_spec": {"type": "object"}, "metadata": {"type": "object"}},
    },
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
}
_ENCODED = {
    "type": "object",
    "required": ["b64"],
    "properties": {"b64": {"type": "string", "contentEncoding": "base64"}},
}
_REQUEST = {
    "type": "object",
    "properties": {
        "signature_name": {"type": "string", "enum": ["serving_default", "encoded"]},
        "instances": {
            "type": "array",
            "items": {
                "anyOf": [_ENCODED, {"type": "array", "description": "one image, uint8 [H, W, 3]"}]
            },
        },
        "inputs": {"description": "uint8 [N, H, W, 3], or a list of encoded images"},
    },
    "example": {"signature_name": "encoded", "instances": [{"b64": "iVBORw0KGgo..."}]},
}


def described(method: str, part: str) -> dict[str, Any]:
    """Returns the settings of a route.

    Args:
        method: predict, classify, regress, status or metadata.
        part: One of `PARTS`.
    """
    extra: dict[str, Any] = {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": schema}
            for name, schema in _PARAMETERS.items()
            if name == "name" or f"{{{name}}}" in part
        ],
        "responses": {code: _content("Refused", _ERROR) for code in _ERROR_CODES[method]},
    }
    if method in _ANSWERS:
        extra["responses"]["200"] = _content("Answered", _ANSWERS[method])
    if method == "predict":
        extra["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _REQUEST}},
        }
    of = part.split("/")[1] if part else "latest"
    return {
        "summary": _SUMMARIES[method],
        "operation_id": f"{method}_{of}",
        "openapi_extra": extra,
    }


def _content(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
