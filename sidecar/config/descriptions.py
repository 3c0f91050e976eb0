"""What the fields of the settings models mean: the docstrings that stand below them in the source.

Read only for the JSON Schema and the generated pages. pydantic could read them by itself whenever a model is made; that
takes a quarter of the CPU time of a start, for texts that nobody looks at then.
"""

import ast
import inspect
from functools import cache
from textwrap import dedent

from pydantic import BaseModel


@cache
def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Field -> its docstring, of the model and those it is derived from."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            found |= _written(kind)
    own = {name: field.description for name, field in model.model_fields.items() if field.description}
    return found | own


def _written(kind: type[BaseModel]) -> dict[str, str]:
    """The docstrings in the source of one class."""
    found: dict[str, str] = {}
    try:
        tree = ast.parse(dedent(inspect.getsource(kind))).body[0]
    except OSError:
        return found  # made at run time, or the source is not there
    if not isinstance(tree, ast.ClassDef):
        return found
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = below.value.value if isinstance(below.value, ast.Constant) else None
            if isinstance(text, str):
                found[field.target.id] = inspect.cleandoc(text)
    return found
