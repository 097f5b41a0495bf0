"""A run in sentences: rules, each with its threshold, its weight and its words."""
