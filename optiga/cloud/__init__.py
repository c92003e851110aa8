"""Clouds that know devices by their certificates."""
