"""A remote on which every blob lies by itself, under a key that is made of its name."""
