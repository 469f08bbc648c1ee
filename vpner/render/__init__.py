"""Tables and text of a solution."""
