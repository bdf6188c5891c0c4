"""The command; the only package that prints, parses arguments and handles signals."""
