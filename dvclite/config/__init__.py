"""Settings: where they stand, what they mean, and how they are changed.

`settings` reads them, `editing` changes them, `options` lists those there are.
"""
