"""Patches as functions from a resource to a resource: JSON Patch and FHIRPath Patch (http.html#patch)."""

from __future__ import annotations
