"""What every registered translator owes; parametrised over the entry points, so a new plugin has its tests."""
