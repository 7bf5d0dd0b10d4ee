"""A run's report: one self-contained page for who has to decide and who has to know."""

from tfppdnn.reports.pictures import Pictures
from tfppdnn.reports.report import write_report

__all__ = ["Pictures", "write_report"]
