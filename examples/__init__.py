"""Programs that a newcomer can run."""
