"""Configuration: every mistake, the message it gets, and what a configuration means."""
