"""Implementations of the Store protocol."""
