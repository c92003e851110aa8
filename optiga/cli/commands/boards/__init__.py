"""Boards and emulated chips."""
