"""The built-in sources of arrivals."""
