"""What a chip is, and what its objects hold."""
