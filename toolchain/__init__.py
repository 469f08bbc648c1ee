"""What surrounds the program: the Pulumi CLI itself, and the repair of a stack whose run was killed."""
