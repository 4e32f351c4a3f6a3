"""Ways to break a promise of the product from outside, each of which the campaign has to notice."""
