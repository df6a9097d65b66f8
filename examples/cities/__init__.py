"""Every city of the world with 5,000 people or more, loaded and queried: `python -m examples.cities`."""
