"""The built-in formatters, one a file."""
