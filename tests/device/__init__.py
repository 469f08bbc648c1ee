"""What a device gets: the rendered configuration, read back."""
