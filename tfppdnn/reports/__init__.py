"""A run's report: one self-contained page for who has to decide and who has to know."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "command": ["command_line"],
        "pictures": ["Pictures"],
        "report": ["draw_figures", "write_report"],
    },
)
