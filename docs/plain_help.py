"""Shows help as the command line prints it: as plain text, with examples as they are typed."""


def _escape(_app, _context, lines):
    """Asterisks are patterns of files, not emphasis."""
    lines[:] = [line if line.startswith("..") else line.replace("*", r"\*") for line in lines]


def _show_examples(_app, context, lines):
    examples = getattr(context.command, "examples", ())
    if examples:
        lines[:] = ["Examples::", "", *(f"   $ {example}" for example in examples), ""]


def setup(app):
    app.connect("sphinx-click-process-description", _escape)
    app.connect("sphinx-click-process-options", _escape)
    app.connect("sphinx-click-process-epilog", _show_examples)
    return {"parallel_read_safe": True}
