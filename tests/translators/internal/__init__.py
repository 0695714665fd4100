"""Tests of the internal REST API's translator and sandbox."""
