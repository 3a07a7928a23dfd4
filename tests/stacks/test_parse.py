"""What is read of a stack: exceptions, frames, causes; and of hostile text: nothing is raised, and it takes no time."""

from __future__ import annotations

import time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lognb.stacks import Raised, issue, lines, listed, masked, parse

PYTHON = """Traceback (most recent call last):
  File "/srv/a.py", line 3, in read
    open(path)
FileNotFoundError: no 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/a.py", line 9, in <module>
    load()
  File "/srv/a.py", line 5, in load
    raise ConfigError(
    ...<2 lines>...
    ) from e
a.ConfigError: first line
second line
"""
NODE = """Error: order failed
    at async order (/srv/front.js:8:9) {
  code: 'E1',
  [cause]: TypeError: fetch failed
      at ask (file:///srv/front.js:3:19)
      at /srv/front.js:4:1
}
"""
JAVA = """Exception in thread "main" com.acme.OrderException: failed: x
\tat com.acme.Orders.pay(Orders.java:41)
\tat com.acme.Main.main(Main.java)
\tSuppressed: java.io.IOException: closing
\t\tat com.acme.Db.close(Db.java:9)
\t\t... 2 more
Caused by: java.sql.SQLException: no connection
\tat com.acme.Db.open(Db.java:9)
\t... 1 more
"""
GO = """panic: runtime error: index out of range [5] with length 3 [recovered]
\tpanic: again

goroutine 1 [running]:
main.(*Cart).Total(0xc000012120, {0xc000014080, 0x3})
\t/build/dev/shop/cart.go:21 +0x1d
main.main()
\t/build/dev/shop/main.go:9 +0x4f
"""
NET = """Shop.OrderException: failed
 ---> System.TimeoutException: no answer
   at Shop.Bank.Ask(String q) in C:\\src\\Bank.cs:line 7
   --- End of inner exception stack trace ---
   at Shop.Orders.Pay()
"""


def shape(text: str) -> list[tuple[str, str, str, list[tuple[str, str, int | None]]]]:
    return [(r.relation, r.type, r.message, [(f.function, f.file, f.line) for f in r.frames]) for r in parse(text)]


def test_python_tells_the_exception_raised_last_first_and_its_cause_after_it() -> None:
    assert shape(PYTHON) == [
        ("", "a.ConfigError", "first line\nsecond line", [("load", "/srv/a.py", 5), ("<module>", "/srv/a.py", 9)]),
        ("cause", "FileNotFoundError", "no 'x'", [("read", "/srv/a.py", 3)]),
    ]


def test_node_tells_causes_in_brackets() -> None:
    assert shape(NODE) == [
        ("", "Error", "order failed", [("async order", "/srv/front.js", 8)]),
        ("cause", "TypeError", "fetch failed", [("ask", "file:///srv/front.js", 3), ("", "/srv/front.js", 4)]),
    ]


def test_java_fills_the_frames_that_are_left_out_and_puts_what_was_suppressed_last() -> None:
    main = ("com.acme.Main.main", "Main.java", None)
    pay = ("com.acme.Orders.pay", "Orders.java", 41)
    assert shape(JAVA) == [
        ("", "com.acme.OrderException", "failed: x", [pay, main]),
        ("cause", "java.sql.SQLException", "no connection", [("com.acme.Db.open", "Db.java", 9), main]),
        ("suppressed", "java.io.IOException", "closing", [("com.acme.Db.close", "Db.java", 9), pay, main]),
    ]


def test_go_tells_the_first_panic_and_calls_without_what_was_passed() -> None:
    frames = [("main.(*Cart).Total", "/build/dev/shop/cart.go", 21), ("main.main", "/build/dev/shop/main.go", 9)]
    assert shape(GO) == [("", "runtime error", "index out of range [5] with length 3", frames)]


def test_dotnet_tells_inner_exceptions_after_the_outer_one() -> None:
    assert shape(NET) == [
        ("", "Shop.OrderException", "failed", [("Shop.Orders.Pay", "", None)]),
        ("cause", "System.TimeoutException", "no answer", [("Shop.Bank.Ask", "C:\\src\\Bank.cs", 7)]),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "started", "order 7 failed at 09:12:44", "see File manager, line 3", "mail me@example.org:25", "panic: no",
     "look at this (again)", '{"msg": "at x (y)"}', "a\nb\nc", "at noon\nat night"],
)  # fmt: skip
def test_prose_is_no_stack(text: str) -> None:
    assert [f for r in parse(text) for f in r.frames] == []


def test_a_stack_quoted_as_json_is_read() -> None:
    assert shape('"Error\\n    at console.info (/srv/a.mjs:153:15)"')[0][1:] == (
        "Error", "", [("console.info", "/srv/a.mjs", 153)],
    )  # fmt: skip


PIECES = st.sampled_from(
    ["Traceback (most recent call last):", '  File "/a.py", line 3, in f', "    x()", "ValueError: x", "", "Error: x",
     "    at f (/a.js:1:2)", "f@http://x/y.js:1:2", "\tat a.B.c(B.java:3)", "Caused by: a.B: x", "\t... 3 more",
     "goroutine 1 [running]:", "main.f(0x1)", "\t/a.go:3 +0x1", "panic: x", " ---> A.B: c", "   at A.B.C(D e)",
     "   --- End of inner exception stack trace ---", "  | ", "  +-+---- 1 ----", "  [cause]: Error: y", "\x00",
     "During handling of the above exception, another exception occurred:", "  + Exception Group Traceback (most"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=40)), max_size=30).map("\n".join))
def test_no_text_raises_and_one_text_is_one_issue(text: str) -> None:
    chain = parse(text)
    found = issue(chain, text)
    assert found == issue(parse(text), text)
    assert len(found.id) == 12
    assert all(isinstance(r, Raised) and len(r.frames) <= 2_000 for r in chain)


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner) | (
    st.dictionaries(st.sampled_from(["values", "type", "value", "stacktrace", "frames", "function", "mechanism",
                                     "lineno", "filename", "module", "in_app"]), inner))))  # fmt: skip
def test_no_data_raises(value: object) -> None:
    import json

    issue(listed.parse(json.dumps(value)))
    issue(listed.parse(json.dumps({"values": [value]})))
    issue(listed.parse(json.dumps([{"type": "E", "stacktrace": {"frames": [value]}, "mechanism": value}])))


@given(st.text(max_size=300))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert masked(masked(text)) == masked(text)


HOSTILE = [
    "a" * 1_000_000,
    "at " * 330_000,
    "at a(" * 200_000,
    ("    at " + "a." * 450 + "(x:1:2)\n") * 1_000,
    ("@" * 999 + "\n") * 1_000,
    ("a@b:1" * 200 + "\n") * 1_000,
    '  File "' * 125_000,
    ('  File "' + "x" * 900 + '", line 1, in ' + " " * 80 + "\n") * 1_000,
    ("~^ " * 333 + "x\n") * 1_000,
    ("Caused by: " + "a." * 490 + "\n") * 1_000,
    ("a.b" * 330 + ": \n\tat a.b(C.java:1)\n") * 1_000,
    "\tat a.b(C.java:1)\n" * 55_000,
    "f@http://x/y.js:1:2\n" * 50_000,
    "goroutine 1 [" * 77_000,
    ("(" * 500 + ")" * 499 + "\n\t/a.go:1\n") * 1_000,
    "A.B: x" + " ---> A.B: x" * 83_000 + "\n   at A.B.C()",
    ("A" * 450 + "Error " * 90 + "\n    at f (/a.js:1:2)\n") * 1_000,
    ("a-" * 400 + "aaaaaaa1A" * 20 + "@x.y:1:2\n") * 1_000,
    "Traceback (most recent call last):\n" + "  File \"/a.py\", line 1, in f\n" * 33_000 + "RecursionError: x",
    "1" * 1_000_000,
    ("a.b.c@" * 160 + "\n") * 1_000,
    ("\\n" * 500_000),
    "\n" * 1_000_000,
]  # fmt: skip


@pytest.mark.parametrize("at", range(len(HOSTILE)))
def test_a_megabyte_of_hostile_text_takes_no_time(at: int) -> None:
    start = time.process_time()
    issue(parse(HOSTILE[at]), HOSTILE[at])
    assert time.process_time() - start < 1.5


LINES = st.sampled_from(
    ["Traceback (most recent call last):", 'File "/a.py", line 3, in f', "x()", "^^^", "ValueError: x", "", None,
     "Error: x", "at f (/a.js:1:2)", "at a.B.c(B.java:3)", "Caused by: a.B: x", "... 3 more", "goroutine 1 [running]:",
     "main.f(0x1)", "/a.go:3 +0x1", "panic: x", "ready: yes", "During handling of the above exception, another"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), LINES, st.integers(0, 3)), max_size=40))
def test_the_pieces_of_any_lines_are_runs_of_one_stream_in_their_order(
    given: list[tuple[int, str | None, int]],
) -> None:
    given.sort(key=lambda line: line[0])
    rows: list[tuple[int, int, int, int, str | None]] = []
    for row, (stream, body, gap) in enumerate(given):
        n = rows[-1][2] + 1 + (gap == 3) if rows and rows[-1][1] == stream else 1
        rows.append((row, stream, n, row * 1_000 + (gap == 2) * 10**10, body))
    schema = {"row": pl.Int64, "stream": pl.UInt64, "n": pl.Int64, "ns": pl.Int64, "body": pl.String}
    found = lines.pieces(pl.DataFrame(rows, schema=schema, orient="row"))
    assert found["row"].is_sorted()
    assert found["row"].is_unique().all()
    for part in found.partition_by("piece"):
        mine = [rows[r] for r in part["row"]]
        assert len(mine) > 1
        assert len({m[1] for m in mine}) == 1
        assert [m[2] for m in mine] == list(range(mine[0][2], mine[0][2] + len(mine)))
