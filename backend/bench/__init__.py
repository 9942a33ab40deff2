"""What the hot paths cost, each beside a reference that does no more than it must, measured in the same run."""
