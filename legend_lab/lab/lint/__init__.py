"""What is missing in a saga, told without running it."""
