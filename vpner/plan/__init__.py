"""Pure planning: what components build is decided here, without Pulumi and without I/O."""
