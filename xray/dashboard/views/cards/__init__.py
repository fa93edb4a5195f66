"""Sections of the page Cards."""
