"""Sync: connections, pushes, pulls, and the workflows that carry them."""
