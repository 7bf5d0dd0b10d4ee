"""A run's report: one self-contained page for who has to decide and who has to know."""

from tfppdnn.reporting.pictures import Pictures
from tfppdnn.reporting.report import write_report

__all__ = ["Pictures", "write_report"]
