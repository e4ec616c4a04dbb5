"""The open_clip encoder; nothing heavy is imported before weights are loaded."""
