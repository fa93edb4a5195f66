"""Sections of the page Dataset."""
