"""The package's process: Pulumi runs this folder."""

from components.package import serve

serve()
