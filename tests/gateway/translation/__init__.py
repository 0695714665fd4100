"""Tests of the mapping language, the runner and the registry."""
