"""data-bridge."""
