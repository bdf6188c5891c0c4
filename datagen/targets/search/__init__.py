"""Search engines with a bulk API."""
