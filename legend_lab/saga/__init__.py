"""How people write sagas; compiles to a Program."""
