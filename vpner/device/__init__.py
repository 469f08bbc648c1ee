"""What the on-premises side is configured with: a device plan, rendered for one kind of device. No pulumi, no I/O."""
