"""The directive `options-table`: the settings of a section, from the table that the program reads."""

from sphinx.util.docutils import SphinxDirective

from dvclite.config.options import OPTIONS


class OptionsTable(SphinxDirective):
    """A table of the settings in the section that is given as the argument."""

    required_arguments = 1

    def run(self):
        rows = [["setting", "what it decides", "values"], ["---"] * 3]
        for option in OPTIONS:
            if option.section == self.arguments[0]:
                section = "remote.NAME" if option.section == "remote" else option.section
                rows.append([f"`{section}.{option.name}`", option.description, _values(option)])
        return self.parse_text_to_nodes("\n".join(f"| {' | '.join(row)} |" for row in rows))


def _values(option):
    default = f"; by default `{option.default}`" if option.default else ""
    return option.expected + default


def setup(app):
    app.add_directive("options-table", OptionsTable)
    return {"parallel_read_safe": True}
