"""Planning: every rule at its limits, and what holds for any input."""
