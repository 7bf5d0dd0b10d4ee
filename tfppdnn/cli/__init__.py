"""The command line, a module a verb."""

from tfppdnn.cli.command_line import main

__all__ = ["main"]
