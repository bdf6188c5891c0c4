"""From text to a checked spec."""
