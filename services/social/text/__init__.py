"""The words of a post: templates, and the way from an article to text that a network takes whole. Pure."""
