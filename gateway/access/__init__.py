"""What a caller may see and do: scopes, patient compartments and security labels as conditions on resources."""
