"""Sections of the page Browse."""
