"""Side-by-side measurements. Each prints a table; nothing here is run by the tests."""
