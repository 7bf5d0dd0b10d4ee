"""TensorFlow Serving's JSON: requests in row or column form, and answers.

https://www.tensorflow.org/tfx/serving/api_rest says what is in it. Here numbers that do not
fit into uint8 are refused, where the original keeps their lower bits, and messages do not
repeat the values they are about.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfppdnn.serving.images import INPUT_NAMES, RequestImages, checked_images
from tfppdnn.serving.refusal import invalid

# As Python objects, pixels take some thirty times the memory of their text.
_LARGE = 2**20
_one_large_body = threading.Lock()


def parse_predict(body: bytes, *, most: int) -> tuple[RequestImages, bool]:
    """Reads the body of a predict request.

    Args:
        body: `{"signature_name": S, "instances": [...]}` or the same with `inputs`.
        most: Images that it may have.

    Returns:
        The images, and whether they came in row form (`instances`).

    Raises:
        Refusal: The body is not as documented.
    """
    with _one_large_body if len(body) > _LARGE else contextlib.nullcontext():
        return _parse_predict(body, most)


def _parse_predict(body: bytes, most: int) -> tuple[RequestImages, bool]:
    request = _parse(body)
    signature = request.get("signature_name", "serving_default")
    if not isinstance(signature, str):
        raise invalid("JSON Value not formatted correctly. 'signature_name' key must be a string")
    signature = signature or "serving_default"
    if signature not in INPUT_NAMES:
        raise invalid(f'Serving signature name: "{signature[:100]}" not found in signature def')
    if ("instances" in request) == ("inputs" in request):
        raise invalid(
            "JSON Value Not formatted correctly expecting only one of 'inputs' or 'instances' "
            "keys to exist"
            if "inputs" in request
            else "Missing 'inputs' or 'instances' key"
        )
    by_row = "instances" in request
    read = _from_rows if by_row else _from_columns
    values = read(request["instances" if by_row else "inputs"], INPUT_NAMES[signature])
    to_array = _bytes if signature == "encoded" else _pixels
    return checked_images(signature, to_array(values), most=most), by_row


def predict_answer(outputs: Mapping[str, np.ndarray], *, by_row: bool) -> bytes:
    """Writes the answer to a predict request, in the form in which it came.

    Args:
        outputs: Arrays [N, ...] of float32, int64 or bytes.
        by_row: Whether it came as `instances`.
    """
    columns = {name: _plain(name, values) for name, values in outputs.items()}
    only = len(columns) == 1
    if not by_row:
        return to_json({"outputs": next(iter(columns.values())) if only else columns})
    rows = zip(*columns.values(), strict=True)
    if only:
        return to_json({"predictions": [row for (row,) in rows]})
    return to_json({"predictions": [dict(zip(columns, row, strict=True)) for row in rows]})


def to_json(content: Any) -> bytes:
    """Writes JSON in ASCII, which takes whatever a string holds."""
    return json.dumps(content).encode()


# Of a picture each pixel has three numbers, and so two or three commas for a list or two.
_LISTS_PER_COMMA = 0.75
_MOST_OTHER_LISTS = 1_000
_MOST_OBJECTS = 1_000


def _parse(body: bytes) -> dict[str, Any]:
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    # The parser stops everybody else while it makes a list, and a list takes as much memory as
    # two bytes of text can ask for.
    lists, commas = body.count(b"["), body.count(b",")
    if lists > _MOST_OTHER_LISTS + _LISTS_PER_COMMA * commas or body.count(b"{") > _MOST_OBJECTS:
        raise invalid("JSON Value holds more lists or objects than pictures do")
    try:
        request = json.loads(body.decode())
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: Invalid value. at offset: {error.pos}") from None
    except (ValueError, RecursionError):  # not UTF-8, a number of 5000 digits, nested too deep
        raise invalid("JSON Parse error: Invalid value.") from None
    if not isinstance(request, dict):
        raise invalid("JSON Value Is not object")
    return request


def _from_rows(instances: Any, name: str) -> list:
    if not isinstance(instances, list):
        raise invalid("JSON Value Excepting 'instances' to be an list/array")
    if not instances:
        raise invalid("JSON Value No values in 'instances' array")
    named = _is_object(instances[0])
    for item, value in enumerate(instances):
        if _is_object(value) != named:
            expected, got = ("object", "list") if named else ("value/list", "object")
            raise invalid(f"Expecting {expected} but got {got} at item {item} of input list")
        if named and set(value) != {name}:
            raise invalid(
                f"Failed to process element: {item} of 'instances' list. JSON object: "
                f"keys must be equal to: {name}"
            )
    return [value[name] for value in instances] if named else instances


def _from_columns(inputs: Any, name: str) -> Any:
    if not _is_object(inputs):
        return inputs
    if name not in inputs:
        raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return inputs[name]


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def _pixels(nested: Any) -> np.ndarray:
    # As objects: NumPy would make room for the longest string among them in every place.
    values = np.array(nested, object)
    types = set(map(type, values.ravel().tolist()))
    if list in types:
        raise invalid("Encountered list at unexpected size: all images must have the same size")
    if types - {int}:
        kind = {str: "String", dict: "Object", bool: "Bool", type(None): "Null", float: "Number"}
        found = sorted(kind[one] for one in types - {int})[0]
        raise invalid(f"JSON Value of Type: {found} is not of expected type: uint8")
    try:
        numbers = values.astype(np.int64)
    except OverflowError:
        numbers = np.array([-1])
    if numbers.min(initial=0) < 0 or numbers.max(initial=0) > 255:
        raise invalid("JSON Value is not of expected type: uint8, which holds 0 to 255")
    return numbers.astype(np.uint8)


def _bytes(values: Any) -> np.ndarray:
    if not isinstance(values, list):
        raise invalid("image_bytes must be a list of {'b64': ...}")
    array = np.empty(len(values), object)
    array[:] = [_decoded(value) for value in values]
    return array


def _decoded(value: Any) -> bytes:
    try:
        if isinstance(value, str):
            return value.encode()
        if _is_base64(value):
            return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None
    raise invalid("JSON Value is not of expected type: string, as {'b64': ...}")


def _plain(name: str, values: np.ndarray) -> list:
    if values.dtype == object:
        if name.endswith("_bytes"):
            return [{"b64": base64.b64encode(value).decode()} for value in values]
        return [value.decode(errors="replace") for value in values]
    if values.dtype == np.float32:
        # By way of text, which has the fewest digits that give the same float32 again.
        return values.astype(str).astype(np.float64).tolist()
    return values.tolist()
