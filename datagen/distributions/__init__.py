"""The built-in distributions, one a file."""
