"""Bulk Data Access 2.0: whole populations out as NDJSON ($export) and in ($import), as durable workflows."""
