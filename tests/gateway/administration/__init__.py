"""Tests of gateway.administration."""
