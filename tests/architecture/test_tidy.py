"""The style guide as tests: what may stand in a file, and how much of it."""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from tests.architecture.tree import ROOT, Module, files, modules, product, pure

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
UNDOCUMENTED_LINES_MAX = 20
"""A public function this long has something to say that its name and types do not."""

# Each exception stands here with its reason, so that the next one has to give one too.
LONGER_MODULES: dict[str, str] = {}
ANY_ALLOWED = {
    "btcbot_core/adapters/paper/server/app.py": "ASGI's own messages hold Any",
    "btcbot_tui/driver.py": "Textual's own signatures say Any",
}
BASES = {
    "btcbot_tui/screens/framed.py": "the base of all dialogs: Textual's classes cannot be abstract",
    "btcbot_tui/widgets/pane.py": "the base of all panes, for the same reason",
}
SQL_BUILT = {
    "btcbot_core/adapters/sqlite/counting.py": "names of our own tables and views",
    "btcbot_core/adapters/sqlite/rows.py": "statements are made once, from our own models",
    "btcbot_core/adapters/sqlite/schema.py": "names of our own views; SQL has no marks for names",
    "btcbot_core/adapters/sqlite/store.py": "BEGIN with one of two words of ours",
    "btcbot_core/adapters/sqlite/views.py": "views are put together from texts of ours",
    "btcbot_core/adapters/sqlite/views_stage7.py": "the same, of rebalancing runs",
}
TRANSACTIONS_BY_HAND = {
    "btcbot_core/adapters/sqlite/backup.py": "one look at all pages; it only reads",
    "btcbot_core/adapters/sqlite/store.py": "the one way to begin a unit of work",
}
GUARDS = {
    "btcbot_core/app/cycle_log.py": "nobody trades less because of a log; it is counted",
    "btcbot_core/app/logs.py": "a fault in a line is counted, and the line is not shown",
    "btcbot_core/app/session.py": "a failed run is told in its last frame, and stops",
    "btcbot_core/cli/main.py": "no traceback reaches the operator",
    "btcbot_tui/driver.py": "without input there is no console: it ends",
    "btcbot_tui/main.py": "no traceback reaches the operator",
}

CLOCKS = {"now", "utcnow", "today", "uuid1", "uuid4", "random", "randint", "choice", "shuffle"}
BAD_NAMES = re.compile(r"(Manager|Helper|Util|Utils|Processor)$")
BAD_FILES = re.compile(r"(^|/)(utils?|helpers?|misc|common)\.py$")
UNFINISHED = re.compile(
    "|".join((r"\bTO" + "DO", r"\bFIX" + "ME", r"\bXX" + r"X\b", r"\bHA" + "CK"))
)
NOT_WRITTEN = "NotImplemented" + "Error"
SQL = re.compile(
    r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|REPLACE\s+INTO"
    r"|(CREATE|DROP|ALTER)\s+(TABLE|VIEW|INDEX|TRIGGER|TEMP)|PRAGMA\s|BEGIN(\s|$)|WITH\s+\w+\s+AS)"
)
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|farm|Users|home/[a-z]|tmp/[a-z])[\w./-]*")
DATA = (".csv", ".json", ".svg", ".ambr", ".raw")

Fault = Iterator[str]


def test_every_module_says_in_one_sentence_what_it_is_for() -> None:
    silent = [m.path for m in modules() if m.text.strip() and not ast.get_docstring(m.syntax)]
    assert silent == []


def test_long_public_functions_say_what_they_do() -> None:
    silent = [
        f"{module.path}:{node.lineno} {node.name}"
        for module in product()
        for node in module.syntax.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and _lines(node) > UNDOCUMENTED_LINES_MAX
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_module_is_two_modules() -> None:
    lines = {module.path: module.text.count("\n") for module in product()}
    assert {path for path, count in lines.items() if count > MODULE_LINES_MAX} == {*LONGER_MODULES}


def test_no_function_is_two_functions() -> None:
    long = [
        f"{module.path}:{node.lineno} {node.name}: {_lines(node)} lines"
        for module in product()
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _lines(node) > FUNCTION_LINES_MAX
    ]
    assert long == []


def _floats(module: Module) -> Fault:
    for node in ast.walk(module.syntax):
        match node:
            case ast.Name(id="float") | ast.Constant(value=float()):
                yield f"{module.path}:{node.lineno}"


def _clocks(module: Module) -> Fault:
    for node in ast.walk(module.syntax):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
                if name in CLOCKS or name in ("open", "print", "input"):
                    yield f"{module.path}:{node.lineno} {name}()"


@pytest.mark.parametrize("rule", [_floats, _clocks])
def test_pure_rooms_hold_no_float_and_ask_no_clock_chance_or_file(
    rule: Callable[[Module], Fault],
) -> None:
    assert [fault for module in pure() for fault in rule(module)] == []


def test_any_is_used_only_where_it_is_listed_with_a_reason() -> None:
    used = {
        module.path
        for module in product()
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Name) and node.id == "Any"
    }
    assert used - set(ANY_ALLOWED) == set()


def test_write_transactions_take_their_lock_at_once() -> None:
    faults = []
    for module in modules():
        for node in ast.walk(module.syntax):
            match node:
                case ast.Call(func=ast.Attribute(attr="atomic"), args=[ast.Constant("IMMEDIATE")]):
                    pass
                case ast.Call(func=ast.Attribute(attr="atomic" | "transaction" | "savepoint")):
                    faults.append(f"{module.path}:{node.lineno} without IMMEDIATE")
                case ast.Constant(value=str(text)) if text.startswith("BEGIN"):
                    if module.is_product and module.path not in TRANSACTIONS_BY_HAND:
                        faults.append(f"{module.path}:{node.lineno} BEGIN by hand")
    assert faults == []


def test_sql_is_put_together_only_where_it_is_listed_with_a_reason() -> None:
    built = {
        module.path
        for module in product()
        for node in ast.walk(module.syntax)
        if _is_built_sql(node)
    }
    assert built - set(SQL_BUILT) == set()


def _is_built_sql(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *rest]) if rest:
            return SQL.match(text) is not None
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Add() | ast.Mod()):
            return SQL.match(text) is not None
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return SQL.match(text) is not None
    return False


def test_no_exception_is_swallowed() -> None:
    swallowed = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.ExceptHandler)
        and all(isinstance(s, ast.Pass) or _is_dots(s) for s in node.body)
    ]
    assert swallowed == []


def test_only_the_guards_catch_everything_and_go_on() -> None:
    faults = [
        f"{module.path}:{node.lineno}"
        for module in product()
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.ExceptHandler)
        and _catches_all(node)
        and not _raises_again(node)
        and module.path not in GUARDS
    ]
    assert faults == []


def test_nothing_is_left_unfinished() -> None:
    faults = [
        f"{name}:{number} {line.strip()[:80]}"
        for name, number, line in _lines_of_text()
        if UNFINISHED.search(line) or (NOT_WRITTEN in line and name not in BASES)
    ]
    assert faults == []


def test_no_class_or_file_has_a_name_that_says_nothing() -> None:
    faults = [
        f"{module.path}:{node.lineno} {node.name}"
        for module in modules()
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.ClassDef) and BAD_NAMES.search(node.name)
    ]
    assert faults + [m.path for m in modules() if BAD_FILES.search(m.path)] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    faults = [
        f"{name}:{number} {line.strip()[:80]}"
        for name, number, line in _lines_of_text()
        if MACHINE.search(line) and not name.startswith("tests/architecture/")
    ]
    assert faults == []


def test_tests_patch_nothing_of_ours() -> None:
    faults = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.ImportFrom | ast.Import)
        and any(
            "mock" in a.name or "mock" in (getattr(node, "module", "") or "") for a in node.names
        )
    ]
    assert faults == []


def test_an_exception_from_a_rule_is_listed_only_for_files_that_stand() -> None:
    listed = {
        *LONGER_MODULES,
        *ANY_ALLOWED,
        *BASES,
        *SQL_BUILT,
        *TRANSACTIONS_BY_HAND,
        *GUARDS,
    }
    assert listed - {module.path for module in modules()} == set()


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_dots(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    match handler.type:
        case None | ast.Name(id="Exception" | "BaseException"):
            return True
    return False


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise)


def _lines_of_text() -> Iterator[tuple[str, int, str]]:
    """Every line of every text file of ours that people write."""
    for name in files():
        if name.endswith(DATA):
            continue
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            yield name, number, line
