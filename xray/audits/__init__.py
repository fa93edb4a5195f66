"""The audit: does a model read devices?"""
