"""What the methods of a Repo return: what the command line shows, and scripts work with."""
