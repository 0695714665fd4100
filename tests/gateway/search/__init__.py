"""Tests of search: parsing, planning, paging, and the results against a naive evaluation."""
