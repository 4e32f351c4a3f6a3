"""The edge of every service's process: what goes wrong on purpose becomes one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from shared.errors import ConfigurationError, MastheadError

# sysexits.h: a setting or file cannot be used. Starting anew would not help, so supervisors give up.
UNUSABLE = 78


def run(main: Callable[[], None]) -> None:
    """Runs a service until it ends."""
    try:
        main()
    except ConfigurationError as error:
        _leave(str(error), UNUSABLE)
    except MastheadError as error:
        _leave(str(error), 1)
    except SQLAlchemyError as error:
        _leave(f"the record does not answer: {str(error).splitlines()[0]}", 1)


def _leave(line: str, code: int) -> None:
    sys.stderr.write(f"masthead: {line}\n")
    sys.exit(code)
