"""The frozen causal language model; nothing heavy is imported before weights are loaded."""
