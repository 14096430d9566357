"""A saga as a person draws it: data, what can be done to it, and the saga, code and files that come of it."""
