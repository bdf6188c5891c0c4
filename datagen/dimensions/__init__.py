"""The built-in dimensions (field generators), one a file."""
