"""Audits: which attacks are made, what became of them, and what that comes to.

The package can be called, and is then its function `audit`; see `help(tfppdnn.audit.audit)`:

    report = tfppdnn.audit("runs/digits-quick")  # Most of our attacks, on what it was trained on.
    report = tfppdnn.audit(my_function, (images, labels), "nearest,itn", preset="cpu")
    print(report.summary())
"""

import inspect
import sys
from types import ModuleType

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "auditing": ["audit"],
        "report": ["AttackRow", "AuditReport"],
        "verdict": ["Verdict"],
    },
)


class _Callable(ModuleType):
    """A module that is one of its own functions, too."""

    def __call__(self, *arguments, **settings):
        return self.audit(*arguments, **settings)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.audit)


sys.modules[__name__].__class__ = _Callable
