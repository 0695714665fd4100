"""Tests of bulk exports and imports."""
