"""The store: exact bytes, versions and the search index, in one database."""

from __future__ import annotations
