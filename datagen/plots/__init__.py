"""Pictures of a spec."""
