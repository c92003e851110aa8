"""What the commands share: common options, parameters, queries, confirmation."""
