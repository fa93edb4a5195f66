"""Explanations of one call: LIME, and whether it may be believed."""
