"""That nothing is shown to the wrong one, over the whole application."""
