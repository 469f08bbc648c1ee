"""Settings of every test."""

from hypothesis import settings

# A shared machine is slow at times, and an example's time says nothing about the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
