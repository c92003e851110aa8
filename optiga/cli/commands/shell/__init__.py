"""The user's shell."""
