"""Readers and steerers of a run: debugger, frames, charts."""
