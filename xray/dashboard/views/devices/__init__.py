"""Sections of the page Devices."""
