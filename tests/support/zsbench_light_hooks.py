"""A hook module that imports nothing."""
