"""The words of a post: templates, hashtags, counting by each network's rule, and cutting that breaks nothing. Pure."""
