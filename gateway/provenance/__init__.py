"""Provenance: for every version, who made it and when. docs/decisions/2611-provenance.md says which and why."""
