"""The translator of parameters to Go, registered when papermill loads its engines.

Importing papermill imports this module (see pyproject.toml), while papermill's own
modules are still being imported. So it takes from them only what it needs, and the
package's other modules nothing at all.
"""

import json
import math
import re

from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

IDENTIFIER = re.compile(r"[^\W\d]\w*")
KEYWORDS = frozenset(
    "break case chan const continue default defer else fallthrough for func go goto if import interface map"
    " package range return select struct switch type var".split()
)
# `name := value`, `name = value`, `var name type = value`, and these lines within var ( ... )
DECLARATION = re.compile(
    r"^\s*(?:var\s+)?(?P<name>[^\W\d]\w*)(?:\s+(?P<type>[\w\[\].*]+))?\s*:?=\s*(?P<value>.*?)\s*(?://\s*(?P<help>.*))?$"
)


class Engine(NBClientEngine):
    """papermill's default engine; it stands for this package among papermill's plug-ins."""


class GoTranslator(Translator):
    """Writes parameters as Go variables of the type that their values have."""

    # Types of the notebook's parameters cell. papermill inspects that cell just before
    # it asks for the code, and has no other way to tell what was declared there.
    declared = {}

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        declared, cls.declared = cls.declared, {}
        lines = [cls.comment(comment), "var ("]
        for name, value in parameters.items():
            if not IDENTIFIER.fullmatch(name) or name in KEYWORDS:
                raise ValueError(f"parameter {name!r} cannot be a Go variable: use letters, digits and _")
            if declared.get(name) == "float64" and type(value) is int:
                value = float(value)
            value = from_json(value, declared.get(name) or "")
            lines.append(f"\t{name} {go_type(value)} = {cls.translate(value)}")
        return "\n".join([*lines, ")"]) + "\n"

    @classmethod
    def translate_none(cls, val):
        return "nil"

    @classmethod
    def translate_escaped_str(cls, str_val):
        return go_string(str(str_val))

    @classmethod
    def translate_int(cls, val):
        if not -(2**63) <= val < 2**63:
            raise ValueError(f"{val} does not fit an int: give it as text or as a float")
        return str(val)

    @classmethod
    def translate_float(cls, val):
        if not math.isfinite(val):
            raise ValueError(f"{val} has no literal in Go: give it as text")
        return repr(val)

    @classmethod
    def translate_list(cls, val):
        return go_type(val) + "{" + ", ".join(cls.translate(v) for v in val) + "}"

    @classmethod
    def translate_dict(cls, val):
        pairs = (f"{go_string(str(k))}: {cls.translate(v)}" for k, v in val.items())
        return go_type(val) + "{" + ", ".join(pairs) + "}"

    @classmethod
    def inspect(cls, parameters_cell):
        found = []
        for line in parameters_cell["source"].splitlines():
            m = DECLARATION.match(line)
            if m and m["name"] not in KEYWORDS:
                found.append(Parameter(m["name"], m["type"] or literal_type(m["value"]), m["value"], m["help"] or ""))
        cls.declared = {p.name: p.inferred_type_name for p in found}
        return found


def from_json(value, declared):
    """Read the text that `-p` gives for a parameter declared as a slice or a map."""
    wanted = list if declared.startswith("[]") else dict if declared.startswith("map[") else None
    if wanted is None or not isinstance(value, str):
        return value
    try:
        read = json.loads(value)
    except ValueError:
        return value
    return read if isinstance(read, wanted) else value


def go_type(value):
    """Name the Go type of a value from JSON or YAML."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float64"
    if value is None:
        return "any"
    if isinstance(value, list):
        return "[]" + shared_type(value)
    if isinstance(value, dict):
        return "map[string]" + shared_type(value.values())
    return "string"


def shared_type(values):
    """Name the type that all the values have, any where they differ."""
    types = {go_type(v) for v in values}
    if types == {"int", "float64"}:
        return "float64"
    return types.pop() if len(types) == 1 else "any"


def literal_type(text):
    """Name the type of a Go literal, "None" where it is not known."""
    if re.fullmatch(r"-?\d[\d_]*", text):
        return "int"
    if re.fullmatch(r"-?[\d_]*\.?[\d_]*(e[+-]?\d+)?", text) and re.search(r"\d", text):
        return "float64"
    if text in ("true", "false"):
        return "bool"
    if text[:1] in ('"', "`"):
        return "string"
    m = re.match(r"((?:\[\]|map\[\w+\])+\w+)\{", text)
    return m[1] if m else "None"


def go_string(text):
    """Write a Go string literal."""
    named = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r"}
    out = []
    for c in text:
        if c in named:
            out.append(named[c])
        elif ord(c) < 0x20 or ord(c) == 0x7F or ord(c) == 0xFEFF:
            out.append(f"\\u{ord(c):04x}")
        elif 0xD800 <= ord(c) < 0xE000:
            out.append(r"\ufffd")
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


papermill_translators.register("go", GoTranslator)
