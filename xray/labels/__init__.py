"""Labels of devices: which film shows which, who said so, and how they are kept."""
