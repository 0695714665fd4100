"""Tests of the store: versions, bytes, index, migrations."""
