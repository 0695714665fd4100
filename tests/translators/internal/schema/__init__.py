"""Tests of the models of the internal API."""
