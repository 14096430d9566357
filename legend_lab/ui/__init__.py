"""Notebook widgets over the lab."""
