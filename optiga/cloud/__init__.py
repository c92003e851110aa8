"""Clouds that authenticate devices by certificates."""
