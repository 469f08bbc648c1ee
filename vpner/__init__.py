"""vpner: encrypted ExpressRoute for Azure, as code."""
