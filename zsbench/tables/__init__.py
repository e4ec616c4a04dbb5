"""Records to pandas to printed tables; pandas is imported here and nowhere else in the core."""
