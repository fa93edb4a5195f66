"""Audit chest X-ray classifiers: do they read lungs, or the devices on the child?"""

__version__ = "0.1.0"
