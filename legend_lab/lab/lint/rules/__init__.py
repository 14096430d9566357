"""What the lint objects to: one function a rule, each from the facts of sagas to findings."""
