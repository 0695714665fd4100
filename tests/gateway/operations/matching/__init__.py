"""The comparison of patients."""
