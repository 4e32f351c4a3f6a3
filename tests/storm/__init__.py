"""The crash campaign: a whole installation under load and faults, recorded, then judged from the outside."""
