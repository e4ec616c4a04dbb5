"""A procedural world: scenes, drawings, captions and questions, all deterministic from a seed."""
