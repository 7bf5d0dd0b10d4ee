"""The one error that a user may see without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """The call, a file or an option is wrong, and the user can mend it.

    The message is one line that names the file or the option and the mend. The
    command line prints it and exits with code 2; library callers may catch it.
    """
