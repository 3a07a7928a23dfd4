"""What is offered while a query is typed: by itself, in IPython, and in a kernel that is asked as JupyterLab asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lognb as ln
from lognb import _completer
from lognb._complete import complete
from lognb.query import Number, Query, Value
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ["severity", "severity_text", "service_name", "http.route", "my key", "n", "ok"]
VALUES: dict[str, list[Value]] = {
    "severity": ["error", "info", "unspecified"],
    "service_name": ["checkout", "check out", "cart", 'say "x"'],
    "n": [Number("5"), "5", "5s"],
    "ok": [True, False],
}


def offered(text: str, cursor: int | None = None) -> list[str]:
    return [c.text for c in complete(text, len(text) if cursor is None else cursor, NAMES, lambda f: VALUES.get(f, []))]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", ["severity", "severity_text", "service_name", "http.route", '"my key"', "n", "ok", "NOT"]),
        ("serv", ["service_name"]),
        ("SERV", ["service_name"]),
        ("route", ["http.route"]),
        ("my", ['"my key"']),
        ('"my k', ['"my key"']),
        ("severity", ["severity", "severity_text", "severity=", "severity!=", "severity:"]),
        ("severity>=", ["error", "info"]),
        ("severity=", ["error", "info", "unspecified"]),
        ("severity>=error serv", ["service_name"]),
        ("severity>=error -(serv", ["service_name"]),
        ("severity>=error ", ["severity"]),
        ("service_name=ch", ["checkout", '"check out"']),
        ('service_name="check ', ['"check out"']),
        ("service_name=say", ['"say \\"x\\""']),
        ("service_name in (cart, ch", ["checkout", '"check out"']),
        ("service_name in (", ["checkout", '"check out"', "cart", '"say \\"x\\""']),
        ("service_name:art", ["cart"]),
        ("n=", ["5", '"5"', "5s"]),
        ("n>", ["5", '"5"', '"5s"']),
        ("ok=", ["true", "false"]),
        ("service_name ", ["in (", "exists", "OR", "AND", "NOT", "severity"]),
        ("service_name e", ["exists", "severity"]),
        ("a O", ["OR"]),
    ],
)
def test_what_is_offered_first(text: str, first: list[str]) -> None:
    assert offered(text)[: len(first)] == first


@pytest.mark.parametrize(
    "text",
    [
        "service_name~",
        "nothing=",
        "a) ",
        "a== ",
        "severity>=error",
        '"my key"',
        "service_name=cart)",
        "a OR",
        "service_name in (cart",
    ],
)
def test_where_there_is_little_to_offer_nothing_wrong_is(text: str) -> None:
    assert set(offered(text)) <= {"error", "cart", '"my key"', '"my key"='} | {
        f'"my key"{op}' for op in ("!=", ":", "~", ">=", "<")
    }


def test_only_the_text_before_the_cursor_counts_and_is_replaced() -> None:
    (found,) = complete("service_name=ca severity=error", 15, NAMES, lambda f: VALUES.get(f, []))
    assert (found.start, found.end, found.text) == (13, 15, "cart")


@settings(max_examples=300)
@given(st.text(st.sampled_from('aservity_nm= "()-:~<>!,\\5')), st.integers(0, 30))
def test_what_is_put_in_is_what_it_says(text: str, cursor: int) -> None:
    for found in complete(text, cursor, NAMES, lambda f: VALUES.get(f, []))[:5]:
        assert found.start <= found.end <= max(cursor, len(text))
        put = text[: found.start] + found.text
        for rest in ("", "x", " x", "=x", "=x)", " b)", "x)", "))"):
            try:
                Query.parse(put + rest)
            except ln.QueryError:
                continue
            break
        else:
            # An open list or parenthesis before, or one too many: the text was wrong without it too.
            assert "(" in text or ")" in text


@pytest.fixture(scope="module")
def logs() -> ln.Logs:
    lines = [
        {
            "msg": "a",
            "level": "error",
            "service": "check out",
            "zip": "0123",
            "at": "C:\\x y",
            "code": 500,
            "mixed": 7,
            "no": "500",
        },
        {"msg": "b", "level": "info", "service": "cart's", "zip": "9", "code": 200, "mixed": "7", "no": "500"},
        {"msg": "c", "level": "info", "service": "cart's", "zip": "9", "code": 200, "mixed": "x", "no": "-1"},
    ]
    return ln.read("\n".join(map(json.dumps, lines)).encode(), progress=False)


def test_frequent_values_are_found_again_as_they_are_written(logs: ln.Logs) -> None:
    for field, values in (
        ("zip", ["9", "0123"]),
        ("code", [Number("200"), Number("500")]),
        ("no", ["500", "-1"]),
        ("mixed", ["7", Number("7"), "x"]),
        ("body", []),
        ("severity", [*LEVELS]),
        ("time", []),
        ("nowhere", []),
    ):
        found = _completer.frequent(logs.engine, field)
        assert sorted(map(repr, found)) == sorted(map(repr, values))
        for c in complete(
            f"{field}=", len(field) + 1, logs.engine.field_names(), lambda f: _completer.frequent(logs.engine, f)
        ):
            assert field == "severity" or len(logs.where(f"{field}={c.text}")) > 0


class Trap:
    """Says so when code of the user's objects is run."""

    touched = False

    def __getattr__(self, name: str) -> Any:
        Trap.touched = True
        raise AttributeError(name)

    @property
    def logs(self) -> Any:
        Trap.touched = True
        return None

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        Trap.touched = True
        return ln.Logs


class Box:
    """Holds Logs as an attribute."""


@pytest.fixture
def namespace(logs: ln.Logs) -> dict[str, Any]:
    box = Box()
    box.inner = box  # type: ignore[attr-defined]
    box.late = logs.where("a")  # type: ignore[attr-defined]
    return {"any_name": logs, "box": box, "trap": Trap(), "text": "x"}


CODE = [
    # the code up to the cursor, what replaces its end, what is put there
    ('any_name["serv', "serv", "service_name"),
    ("any_name['my", None, None),
    ('box.late.where("serv', "serv", "service_name"),
    ('box.inner.inner.late.where("serv', "serv", "service_name"),
    ('x = 1\nfor a in any_name.where("severity=', "", "fatal"),
    ('any_name.where("service_name=ch', "ch", '\\"check out\\"'),
    ("any_name.where('service_name=ch", "ch", '"check out"'),
    ("any_name.where('service_name=\"ch", '"ch', '"check out"'),
    ('any_name.where("service_name=\\"ch', '\\"ch', '\\"check out\\"'),
    ("any_name.where('service_name=ca", "ca", '"cart\\\'s"'),
    ('any_name.where("at=', "", '\\"C:\\\\\\\\x y\\"'),
    ("any_name.where(r'at=", "", '"C:\\\\x y"'),
    ("any_name.where(r'service_name=ch", "ch", '"check out"'),
    ('any_name.where(r"service_name=ch', None, None),
    ('any_name.where("""level=x\n  serv', "serv", "service_name"),
    ('any_name.where(text="serv', "serv", "service_name"),
    ('any_name.where("a=1").between("09:00", "10:00").where("serv', "serv", "service_name"),
    ('any_name.facets("severity", "serv', "serv", "service_name"),
    ('any_name.where("a", since="serv', None, None),
    ('any_name.where("service_name=x") + "serv', None, None),
    ('any_name.where("\\x41 serv', None, None),
    ('any_name.where(f"serv', None, None),
    ('any_name.sql("serv', None, None),
    ('any_name().where("serv', None, None),
    ('open("x").where("serv', None, None),
    ('trap.where("serv', None, None),
    ('trap.logs.where("serv', None, None),
    ('trap["serv', None, None),
    ('text["serv', None, None),
    ('nobody.where("serv', None, None),
]


@pytest.mark.parametrize(("code", "end", "put"), CODE)
def test_code_up_to_the_cursor(namespace: dict[str, Any], code: str, end: str | None, put: str | None) -> None:
    found = _completer.at_cursor(code, namespace, ln.Logs)
    assert not Trap.touched
    if end is None or put is None:
        assert found == []
    else:
        assert {(code[c.start :], c.end) for c in found} == {(end, len(code))}
        assert found[0].text == put


def test_a_long_cell_costs_little(namespace: dict[str, Any]) -> None:
    code = "any_name.where('" * 50_000 + 'serv" + any_name.where("serv'
    assert [c.text for c in _completer.at_cursor(code, namespace, ln.Logs)][:1] == ["service_name"]


def test_values_are_asked_of_an_engine_once(logs: ln.Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _completer.frequent(logs.engine, "zip")
    monkeypatch.setattr(type(logs.engine), "facets", lambda *_: pytest.fail("asked again"))
    assert _completer.frequent(logs.where("a").engine, "zip") == before


def test_without_ipython_nothing_is_imported_or_changed() -> None:
    program = "import sys, lognb; lognb.read(b'{\"msg\": \"a\"}', progress=False); print('IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


IPYTHON = """
from IPython.core.completer import provisionalcompleter
from IPython.terminal.interactiveshell import TerminalInteractiveShell
shell = TerminalInteractiveShell.instance()
shell.user_ns["dump"] = b'{"msg": "a", "service": "shop"}'
shell.run_cell("import lognb as ln; mine = ln.read(dump, progress=False)", silent=True)
shell.run_cell("also = mine.where('a')", silent=True)
with provisionalcompleter():
    for code in ('also["serv', 'also.where("service_name=', 'also.where("severity~'):
        print([c.text for c in shell.Completer.completions(code, len(code))])
print(len([m for m in shell.Completer.custom_matchers if getattr(m, "matcher_identifier", "") == "lognb"]))
"""


def test_in_ipython() -> None:
    done = subprocess.run([sys.executable, "-c", IPYTHON], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['service_name', 'service.name', 'observed_timestamp']", "['shop']", "[]", "1"]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory, shop: Path) -> Iterator[Any]:
    """Sends what JupyterLab sends when Tab is pressed to a real kernel that has read the sample; what comes back."""
    from jupyter_client.manager import KernelManager

    folder = tmp_path_factory.mktemp("kernel")
    manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "k"))
    manager.start_kernel(env={**os.environ, "IPYTHONDIR": str(folder)}, cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        start = f"import lognb as ln; logs = ln.read({str(shop)!r}, progress=False)"
        assert client.execute_interactive(start, timeout=60)["content"]["status"] == "ok"

        def send(code: str) -> dict[str, Any]:
            reply: dict[str, Any] = client.complete(code, len(code), reply=True, timeout=30)
            return reply["content"]  # type: ignore[no-any-return]

        yield send
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_in_a_kernel_as_jupyterlab_asks(ask: Any) -> None:
    for code, typed, first in (
        ('x = 1\nlogs["http.ro', "http.ro", ["http.route"]),
        ('logs.where("servi', "servi", ["service_name"]),
        ('logs.where("severity>=error service_name=ch', "ch", ["checkout"]),
        ('late = logs.where("severity>=', "", ["fatal", "error", "warn"]),
        ("logs.where('http.route=\"/api/ch", '"/api/ch', ["/api/checkout"]),
    ):
        reply = ask(code)
        assert reply["status"] == "ok"
        assert (reply["cursor_start"], reply["cursor_end"]) == (len(code) - len(typed), len(code))
        assert reply["matches"][: len(first)] == first
        offered = reply["metadata"]["_jupyter_types_experimental"]
        assert {o["text"] for o in offered} == set(reply["matches"])
    assert "where" in ask("logs.wh")["matches"]
