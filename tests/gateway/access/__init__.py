"""What callers may see and do."""
