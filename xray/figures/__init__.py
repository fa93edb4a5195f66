"""Figures: from tables to plotly."""
