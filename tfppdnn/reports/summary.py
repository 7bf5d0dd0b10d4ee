"""What `train` says at its end, to the person who waited for it."""

from __future__ import annotations

import textwrap

from tfppdnn import writing
from tfppdnn.reports.decision import decide, warning_of_accuracy
from tfppdnn.reports.names import spoken
from tfppdnn.reports.page import works_of
from tfppdnn.reports.verdict import what_is_restored, what_is_seen
from tfppdnn.run_folder import RunFolder

_COLUMNS, _INDENT = 79, 11


def run_in_words(run: RunFolder) -> str:
    """What was made, what it keeps, what can be seen, where to look, and what to do next.

    Args:
        run: A finished run.

    Returns:
        A few lines of at most 79 columns.
    """
    config, metrics = run.config(), run.metrics()
    dataset, protector = config.get("dataset", {}), metrics.get("protector", {})
    seen = what_is_seen(protector)
    decision = decide(dataset, works_of(metrics, dataset), seen, what_is_restored(protector))
    plain = protector["reference_accuracy_on_plain"]
    protected = protector["reference_accuracy_on_protected"]
    parts = {
        "made": f"a protector for {spoken(dataset.get('name', 'images'))}, in {run.path}",
        "keeps": f"{writing.percent(protected)} of {writing.count(protector['test_images'])} test "
        f"pictures are classified correctly, of plain ones {writing.percent(plain)}",
    }
    if seen is not None:
        parts["shows"] = f"{seen.level.of_the_pictures}; look at the report before you believe it"
    if decision is not None:
        parts["decision"] = decision.headline
    parts["report"] = str(run.path / "report.html")
    lines = [_line(name, text) for name, text in parts.items()]
    for name, verb in (("next", "classify"), ("", "audit")):
        lines.append(f"{name:{_INDENT}}python -m tfppdnn {verb} --protector={run.path}")
    warning = warning_of_accuracy(protected, plain)
    if warning:
        lines.append(textwrap.fill(warning, _COLUMNS))
    return "\n".join(lines)


def _line(name: str, text: str) -> str:
    return textwrap.fill(
        text,
        _COLUMNS,
        initial_indent=f"{name:{_INDENT}}",
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
