"""POST: every article once on every account of the newsroom, written by each network's own rules."""
