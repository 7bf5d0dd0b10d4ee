"""What TensorFlow Serving tells of a model: its versions' states and its signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from tfppdnn.serving.versions import ModelVersion
from tfppdnn.tf_serving_messages import messages, number_of_state

# TensorFlow Serving's number for a version that could not be loaded.
_UNKNOWN_ERROR = 2


def status_response(versions: Sequence[ModelVersion]) -> Message:
    """Returns the answer of `ModelService.GetModelStatus`."""
    response = messages().GetModelStatusResponse()
    for version in versions:
        status = response.model_version_status.add(version=version.number)
        status.state = number_of_state(version.state)
        status.status.error_code = _UNKNOWN_ERROR if version.error else 0
        status.status.error_message = version.error
    return response


def status_json(versions: Sequence[ModelVersion]) -> dict[str, Any]:
    """Returns the same as the REST interface writes it."""
    return _as_dict(status_response(versions))


def metadata_response(name: str, version: ModelVersion) -> Message:
    """Returns the answer of `PredictionService.GetModelMetadata`.

    Args:
        name: The model's name.
        version: One that is in memory.
    """
    response = messages().GetModelMetadataResponse()
    response.model_spec.name = name
    response.model_spec.version.value = version.number
    response.metadata["signature_def"].Pack(_signatures(version))
    return response


def metadata_json(name: str, version: ModelVersion) -> dict[str, Any]:
    """Returns the same as the REST interface writes it, which leaves out the Any's type."""
    response = metadata_response(name, version)
    return {
        "model_spec": _as_dict(response.model_spec),
        "metadata": {"signature_def": _as_dict(_signatures(version))},
    }


def _signatures(version: ModelVersion) -> Message:
    signatures = messages().SignatureDefMap()
    for signature, definition in version.model.signature_defs.items():
        signatures.signature_def[signature].CopyFrom(definition)
    return signatures


def _as_dict(message: Message) -> dict[str, Any]:
    return json_format.MessageToDict(
        message, always_print_fields_with_no_presence=True, preserving_proto_field_name=True
    )
