"""Tests of the eClinicalWorks translator and its sandbox."""
