"""Audits: which attacks are made, what became of them, and what that comes to.

The package can be called: `tfppdnn.audit(protector, dataset)` is `tfppdnn.audit.audit`.
"""

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


sys.modules[__name__].__class__ = _Callable
