"""What services share. A module enters here when a second service needs it, never before."""

__version__ = "0.1.0"
