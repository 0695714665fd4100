"""The audit trail: who asked for what, and what came of it. docs/decisions/2611-audit.md says why it is built so."""
