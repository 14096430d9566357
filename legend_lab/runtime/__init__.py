"""Drives the machine against the outside world: clocks, faults, stores, typed executions; knows Program, not Step."""
