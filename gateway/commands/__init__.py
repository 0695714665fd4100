"""The command line, one file for each group of commands; cli.py puts them together."""

from __future__ import annotations
