"""Codes that `clam` ends with, where it does not end well."""

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_UNREAD = 141
