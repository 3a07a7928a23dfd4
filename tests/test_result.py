"""A Result shows, says and writes itself, and log text stays text on every way out."""

from __future__ import annotations

import base64
import csv
import json
from functools import partial
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lognb import LognbError, Query, Result
from lognb._text import MINUTE
from lognb.charts import volume
from lognb.query import parse_time
from lognb.schema import SEVERITY, TIME

if TYPE_CHECKING:
    from pathlib import Path

NINE = parse_time("2026-11-03T09:00:00Z") or 0
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>\x1b]0;x\x07|`*_\u202e'


def result(values: list[str], *, sentence: str = "a finding", by: str = "service_name", **more: Any) -> Result:
    frame = pl.DataFrame(
        {
            "bucket": pl.Series([NINE + i * MINUTE for i in range(len(values))], dtype=pl.Int64).cast(TIME),
            by: values,
            "records": pl.Series(range(1, len(values) + 1), dtype=pl.UInt64),
        }
    )
    made = {"title": "Volume", "query": Query.parse("severity>=error"), "sources": ("a.jsonl",), **more}
    draw = partial(volume.draw, by=by, every=MINUTE)
    return Result(**{"frame": frame, "sentence": sentence, "draw": draw, **made})


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "data"}]


def test_lengths_of_time_are_shown_in_units_and_written_in_ns(tmp_path: Path) -> None:
    frame = pl.DataFrame({"self_ns": [1_500_000_000, None, 0]}, schema={"self_ns": pl.Int64})
    shown = Result(frame=frame, sentence="s", title="t", query=Query(), sources=("a",), draw=None)
    assert "1.5 s" in repr(shown)
    assert "1.5 s" in shown._repr_mimebundle_()["text/html"]
    assert shown.write(tmp_path / "a.csv").read_text() == "self_ns\n1500000000\n\n0\n"


def test_a_display_needs_no_script_and_no_network() -> None:
    shown = result(["web", "db"])._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    page = shown["text/html"]
    assert "<svg" in page
    assert "a finding" in page
    found = _Tags(page)
    assert not found.tags & {"script", "iframe", "link", "object", "foreignobject", "image", "use"}
    assert not {a for a in found.attributes if a.startswith("on")}
    assert all(load.startswith("data:image/svg+xml;base64,") for load in found.loads)
    assert "http" not in page.replace("http://www.w3.org/", "")


def test_hostile_log_text_is_text_in_html_terminal_and_markdown() -> None:
    hostile = result([HOSTILE], sentence=HOSTILE, by=HOSTILE, title=HOSTILE, sources=(HOSTILE,))
    found = _Tags(hostile._repr_mimebundle_()["text/html"])
    assert "script" not in found.tags
    assert [load[:26] for load in found.loads] == ["data:image/svg+xml;base64,"]
    assert not {a for a in found.attributes if a.startswith("on")}
    for text in (repr(hostile), hostile.to_markdown()):
        assert not any(c in text for c in "\x1b\x07\u202e")
    assert "<img" not in hostile.to_markdown().replace("\\<", "")


def test_colours_follow_the_page() -> None:
    frame = result(["x"]).frame.select("bucket", pl.Series("severity", ["error"], dtype=SEVERITY), "records")
    page = result(["x"], frame=frame, draw=partial(volume.draw, by="severity", every=MINUTE))._repr_mimebundle_()
    assert 'fill="var(--ln-error,#cf3f3a)"' in page["text/html"]
    assert '<span class="ln-sev ln-error">error</span>' in page["text/html"]
    assert 'fill="white"' not in page["text/html"]


def test_a_reader_who_has_not_trusted_the_notebook_sees_a_still_image() -> None:
    page = result(["web"])._repr_mimebundle_()["text/html"]
    assert '<div class="ln-live" hidden="hidden"' in page
    still = base64.b64decode(page.split('src="data:image/svg+xml;base64,')[1].split('"')[0]).decode()
    assert "var(" not in still
    assert "currentColor" not in still
    assert {e.tag.split("}")[1] for e in ElementTree.fromstring(still).iter()} <= {
        "svg",
        "g",
        "path",
        "text",
        "rect",
        "line",
    }


def test_more_rows_than_shown_are_counted() -> None:
    many = result([f"v{i}" for i in range(25)])
    assert "20 of 25 rows · severity>=error · a.jsonl" in repr(many)
    assert "20 of 25 rows" in many._repr_mimebundle_()["text/html"]
    assert "v19" in repr(many)
    assert "v20" not in repr(many)
    assert "1 row · all records · 2 files" in repr(result(["x"], query=Query(), sources=("a", "b")))


def test_the_text_form_is_aligned() -> None:
    assert repr(result(["web", "payments"])) == (
        "a finding\n\n"
        "bucket               service_name  records\n"
        "2026-11-03 09:00:00  web                 1\n"
        "2026-11-03 09:01:00  payments            2\n\n"
        "2 rows · severity>=error · a.jsonl"
    )


def test_markdown_is_a_table_with_its_finding_and_origin() -> None:
    assert result(["a|b"]).to_markdown() == (
        "**a finding**\n\n"
        "| bucket | service\\_name | records |\n"
        "| --- | --- | ---: |\n"
        "| 2026-11-03 09:00:00 | a\\|b | 1 |\n\n"
        "*1 row · severity\\>=error · a.jsonl*\n"
    )


def test_dict_is_plain_json() -> None:
    ids = pl.DataFrame({"record_id": pl.Series([2**64 - 1], dtype=pl.UInt64), "time": [NINE + 1]}).cast({"time": TIME})
    told = result(["x"], frame=ids, draw=None).to_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["rows"] == [["18446744073709551615", "2026-11-03T09:00:00.000000001Z"]]
    assert told["query"] == "severity>=error"
    assert told["columns"] == ["record_id", "time"]


def test_a_brief_dict_says_of_how_many_and_cuts_long_values() -> None:
    frame = pl.DataFrame({"n": range(99), "said": ["x" * 999] * 99, "of": [["y" * 300]] * 99, "hidden": [1] * 99})
    told = result(["x"], frame=frame, shown=("n", "said", "of"), draw=None).to_dict(3)
    assert (told["columns"], told["of"]) == (["n", "said", "of"], 99)
    assert [row[0] for row in told["rows"]] == [0, 1, 2]
    assert {len(text) for row in told["rows"] for text in row[1:]} == {200}


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_csv_gives_a_spreadsheet_no_formula(tmp_path: Path, value: str) -> None:
    path = result([value, "fine"], by=value).write(tmp_path / "r.csv")
    with path.open(newline="", encoding="utf-8") as file:
        header, armed, fine = list(csv.reader(file))
    assert header == ["bucket", "'" + value, "records"]
    assert armed == ["2026-11-03T09:00:00Z", "'" + value, "1"]
    assert fine[1] == "fine"


def test_parquet_json_and_pictures(tmp_path: Path) -> None:
    made = result(["web", "db"])
    assert_frame_equal(pl.read_parquet(made.write(tmp_path / "r.parquet")), made.frame)
    assert json.loads(made.write(tmp_path / "r.json").read_text(encoding="utf-8")) == made.to_dict()
    assert made.write(tmp_path / "r.svg").read_text(encoding="utf-8").startswith("<svg")
    assert made.write(tmp_path / "r.PNG").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_ending_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(LognbError, match=r"cannot write '.xls'; use one of .csv .parquet .json .svg .png"):
        result(["x"]).write(tmp_path / "r.xls")


def test_a_chart_carries_title_and_finding() -> None:
    title = result(["x"]).chart().to_dict()["title"]
    assert (title["text"], title["subtitle"]) == ("Volume", "a finding")
    long = result(["x"], sentence="a finding of many words " * 12).chart().to_dict()["title"]["subtitle"]
    assert len(long) > 1
    assert max(map(len, long)) <= 130
    assert " ".join(long) == ("a finding of many words " * 12).strip()


@pytest.mark.parametrize("more", [{"draw": None}, {"frame": pl.DataFrame({"bucket": []})}])
def test_nothing_to_draw_shows_the_sentence_and_says_so_when_asked(more: dict[str, Any]) -> None:
    empty = result(["x"], **more)
    assert "a finding" in empty._repr_mimebundle_()["text/html"]
    assert "<svg" not in empty._repr_mimebundle_()["text/html"]
    with pytest.raises(LognbError, match="nothing to draw"):
        empty.chart()
