"""The pictures of articles that have none of their own: fonts, drawing, and the task that draws."""
