"""Copyfitting: how each network counts text, where prose is cut, hashtags, links and addresses it keeps whole. Pure."""
