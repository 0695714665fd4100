"""Tests of Provenance."""
