"""An incident bundle holds what the report looked at, and gives all of it back as it was."""

from __future__ import annotations

import gc
import json
import zipfile
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import lognb as ln
from lognb._origin import of
from lognb.errors import LognbError, SourceError
from lognb.loaders import otlp_write
from lognb.query import Query
from lognb.replay.events import decode
from lognb.report.blocks import Block, Table
from lognb.report.slices import taken, united
from lognb.schema import TIME
from tests.report.same import assert_same

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lognb.engines.base import Window


@dataclass
class Saved:
    """A report, its bundle, and the bundle opened where nothing was ever read before."""

    logs: ln.Logs
    report: ln.Report
    path: Path
    opened: Any


@pytest.fixture(scope="module")
def logs(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst", samples / "recordings")


@pytest.fixture(scope="module")
def saved(logs: ln.Logs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    """It looked at two half minutes, far apart; a record before both is pinned."""
    folder = tmp_path_factory.mktemp("bundle")
    report = ln.Report('Checkout "down" </script> \\ ü', timezone="Europe/Berlin", severity="SEV1")
    seen = [logs.where("severity>=warn", since="+60s", until="+90s"), logs.between("+240s", "+270s")]
    logs.pin(logs.head(1)["record_id"][0], "where it *began* \x00 <b>")
    logs.mark("+75s", "deploy `2.4.1`")
    chart = (
        alt.Chart(pl.DataFrame({"x": [1, 2], "y": [0.5, None]}), title="two bars").mark_bar().encode(x="x:O", y="y:Q")
    )
    report.add("# What happened\n\n*words*", *(s.volume() for s in seen), chart, note="as **seen**")
    report.add(seen[1].errors(), pl.DataFrame({"n": [1, None]})).pins(logs).action("roll back", owner="sre")
    path = report.save(folder / "outage.zip")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGNB_CACHE", str(folder / "cache"))
        yield Saved(logs, report, path, ln.open_bundle(path))


def test_all_that_lies_in_the_windows_is_there_and_the_pins(saved: Saved) -> None:
    whole = saved.logs.to_polars()
    offset = pl.col("time") - whole["time"].min()
    within = offset.is_between(pl.duration(seconds=60), pl.duration(seconds=90), closed="left")
    within |= offset.is_between(pl.duration(seconds=240), pl.duration(seconds=270), closed="left")
    wanted = whole.filter(within | pl.col("record_id").is_in(saved.logs.pins["record_id"].implode()))
    assert 100 < wanted.height < whole.height / 4
    assert_frame_equal(saved.opened.logs.to_polars().sort("record_id"), wanted.sort("record_id"))


def test_spans_of_their_traces_and_of_the_windows_come_along(saved: Saved) -> None:
    first, spans = saved.logs.to_polars(["time"])["time"].min(), saved.logs.spans
    traces = saved.opened.logs.to_polars(["trace_id"])["trace_id"].drop_nulls().unique()
    lasts = pl.coalesce("end", "start") - first
    begins = pl.col("start") - first
    within = (lasts >= pl.duration(seconds=60)) & (begins < pl.duration(seconds=90))
    within |= (lasts >= pl.duration(seconds=240)) & (begins < pl.duration(seconds=270))
    wanted = spans.filter(pl.col("trace_id").is_in(traces.implode()) | within)
    assert 0 < wanted.height < spans.height
    by = ["trace_id", "span_id"]
    assert_frame_equal(saved.opened.logs.spans.sort(by), wanted.sort(by))


def test_recordings_are_whole_and_also_files_of_their_own(saved: Saved) -> None:
    listed = saved.opened.manifest["slices"][0]["recordings"]
    assert listed
    assert saved.opened.logs.recordings["session_id"].to_list() == [r["session_id"] for r in listed]
    with zipfile.ZipFile(saved.path) as zipped:
        for told in listed:
            events = decode(saved.logs.engine.recording(told["session_id"]))
            assert json.loads(zipped.read(told["file"])) == events
            assert decode(saved.opened.logs.engine.recording(told["session_id"])) == events
            assert told["events"] == len(events) > 0


def test_pins_marks_and_blocks_are_as_they_were(saved: Saved) -> None:
    assert_frame_equal(saved.opened.logs.pins, saved.logs.pins)
    assert_frame_equal(saved.opened.logs.marks, saved.logs.marks)
    report, document = saved.opened.report, saved.report.document()
    assert_same(report.blocks, document.blocks)
    assert [bool(b.pictures) for b in report.blocks].count(True) >= 3
    assert (report.title, report.timezone, report.meta) == (document.title, document.zone, document.meta)


def test_what_was_opened_is_asked_edited_and_saved_again(saved: Saved, tmp_path: Path) -> None:
    asked = saved.opened.logs.where(since="+240s", until="+250s").volume()
    assert asked.origin is not None
    assert asked.origin.code.startswith(f'ln.open_bundle("{saved.path}").logs.where(')
    assert_frame_equal(eval(asked.origin.code, {"ln": ln}).frame, asked.frame)
    report = saved.opened.report
    other = ln.read(json.dumps({"time": "2026-11-03T09:00:00Z", "msg": "from elsewhere"}).encode())
    again = ln.open_bundle(report.add("and one more", other.volume()).save(tmp_path / "again.zip"))
    assert_same(again.report.blocks, report.document().blocks)
    assert [len(some) for some in again.all_logs] == [len(saved.opened.logs), 1]
    assert_frame_equal(again.logs.to_polars(), saved.opened.logs.to_polars())
    assert_frame_equal(again.logs.spans, saved.opened.logs.spans)


def test_the_same_report_is_the_same_file(saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = saved.report.document()
    monkeypatch.setattr(saved.report, "document", lambda *_: document)  # but for the time it is made at
    one, other = (saved.report.save(tmp_path / name / "x.zip") for name in ("a", "b") if not (tmp_path / name).mkdir())
    assert one.read_bytes() == other.read_bytes()
    assert [p.name for p in one.parent.iterdir()] == ["x.zip"]


def test_the_otlp_part_is_the_same_records_and_spans(saved: Saved, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved.path) as zipped:
        zipped.extractall(tmp_path, [n for n in zipped.namelist() if n.startswith("otlp/")])
    again, kept = ln.read(tmp_path / "otlp"), saved.opened.logs
    place = ("record_id", "source", "source_position")
    by = ["time", "body", "attributes"]
    assert_frame_equal(again.to_polars().drop(place).sort(by), kept.to_polars().drop(place).sort(by))
    by = ["trace_id", "span_id"]
    assert_frame_equal(again.spans.drop(place[1:]).sort(by), kept.spans.drop(place[1:]).sort(by))


def test_manifest_and_readme_say_what_there_is(saved: Saved) -> None:
    told = saved.opened.manifest["slices"][0]
    assert (told["records"], told["spans"]) == (len(saved.opened.logs), saved.opened.logs.spans.height)
    assert (told["of_records"], told["of_spans"]) == (len(saved.logs), saved.logs.spans.height)
    assert len(told["windows"]) == 2
    assert [s["digest"] for s in told["sources"]] == [digest for _, digest in saved.logs.engine.opened.sources]
    with zipfile.ZipFile(saved.path) as zipped:
        readme = zipped.read("README.md").decode()
        assert {f["path"] for f in saved.opened.manifest["files"]} == set(zipped.namelist()) - {"manifest.json"}
    assert readme.startswith('# Checkout "down" \\</script\\> \\\\ ü\n')
    assert f"{told['records']:,} of {told['of_records']:,} records" in readme
    assert f"{told['records']:,} of {told['of_records']:,} records" in repr(saved.opened)
    assert "</script>" not in saved.opened._repr_mimebundle_()["text/html"]


def test_the_page_and_a_notebook_that_runs_on_the_bundle_are_in_it(
    saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(saved.path) as zipped:
        page, made = zipped.read("report.html").decode(), json.loads(zipped.read("report.ipynb"))
    assert "Checkout &quot;down&quot; &lt;/script&gt;" in page
    code = [cell["source"] for cell in made["cells"] if cell["cell_type"] == "code"]
    assert "ln.open_bundle(*files).logs" in code[1]
    monkeypatch.chdir(saved.path.parent)
    ran: dict[str, Any] = {}
    for cell in code[:-1]:
        exec(cell, ran)
    again, wanted = ran["report"].blocks, saved.report.blocks
    assert [b.kind for b in again] == [b.kind for b in wanted]
    for block, known in zip(again, wanted, strict=True):
        for name, table in known.frames.items():
            unseen = [
                c for c in ("new",) if c in table.frame.columns
            ]  # of what was before the windows, nothing is known
            assert_frame_equal(block.frames[name].frame.drop(unseen), table.frame.drop(unseen))
    saved.opened.report.save(tmp_path / "mine.ipynb")  # what is saved of an opened report reads the bundle too
    assert "ln.open_bundle" in (tmp_path / "mine.ipynb").read_text(encoding="utf-8")


def test_panels_and_stories_come_back_with_their_recordings(logs: ln.Logs, tmp_path: Path) -> None:
    session = logs.recordings["session_id"][0]
    report = ln.Report("alive").add(logs.between("+240s", "+250s").explore(), logs.session(session))
    bundle = ln.open_bundle(report.save(tmp_path / "x.zip"))
    assert_same(bundle.report.blocks, report.document().blocks)
    assert bundle.report.blocks[1].recordings.keys() == {session}
    assert len(bundle.logs) < len(logs)


def test_pins_made_on_a_bundle_outlive_what_was_unpacked(saved: Saved, tmp_path: Path) -> None:
    path = ln.Report("mine").add(saved.logs.between("+240s", "+241s").facets("severity")).save(tmp_path / "mine.zip")
    bundle = ln.open_bundle(path)
    unpacked = bundle._folder
    bundle.logs.pin(bundle.logs.tail(1)["record_id"][0], "mine")
    ln.cache().clear()
    assert unpacked.is_dir()  # it is in use
    del bundle
    gc.collect()
    assert str(unpacked) in ln.cache().frame["path"]
    ln.cache().clear()
    assert not unpacked.exists()
    assert "mine" in ln.open_bundle(path).logs.pins["note"]


def test_records_can_be_named(logs: ln.Logs, tmp_path: Path) -> None:
    report = ln.Report("named").add(logs.facets("service_name"))
    errors = logs.where("severity>=error")
    bundle = ln.open_bundle(report.save(tmp_path / "x.zip", records=errors))
    pinned = logs.get(*logs.pins["record_id"].to_list())
    assert len(bundle.logs) == len(errors) + pinned.filter(pl.col("severity") < "error").height
    assert set(bundle.logs.spans["trace_id"]) <= set(bundle.logs.to_polars(["trace_id"])["trace_id"])
    with pytest.raises(LognbError, match="names Logs"):
        report.save(tmp_path / "y.zip", records=["severity>=error"])  # type: ignore[list-item]


def test_records_that_a_block_names_are_there(logs: ln.Logs) -> None:
    report = ln.Report("named").add(logs.between("+1m", "+61s").volume()).timeline(logs)
    shown = report.blocks[1].frames["moments"].frame["record_id"].drop_nulls().to_list()
    (part,) = taken(report.logs, report.blocks)
    assert len(shown) > 1
    assert part.logs.where(part.query).get(*shown).height == len(set(shown))
    assert len(logs.between("+1m", "+61s").get(*shown)) < len(set(shown))


def test_a_story_looked_at_its_own_time() -> None:
    records = [{"timeUnixNano": str(10**18 + i * 10**9), "body": {"stringValue": "x"}} for i in range(9)]
    logs = ln.read(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode())
    at = logs.to_polars(["time"])["time"]
    items = pl.DataFrame({"time": [at[2], at[4], None], "end": [at[6], None, None]}, schema={"time": TIME, "end": TIME})
    story = Block("story", frames={"items": Table.of(items)}, origin=of(logs, ".session('x')"))
    (part,) = taken([logs], [story])
    assert len(part.logs.where(part.query)) == 5
    (part,) = taken([logs], [replace(story, frames={"items": Table.of(items.clear())})])
    assert part.query == Query()


def test_evidence_of_all_records_takes_all(logs: ln.Logs) -> None:
    report = ln.Report("whole").add(logs.between("+1m", "+2m").volume(), logs.volume())
    (part,) = taken(report.logs, report.blocks)
    assert (part.query, part.windows) == (Query(), None)


def test_a_report_of_two_logs_and_one_of_words(logs: ln.Logs, tmp_path: Path) -> None:
    line = {"timeUnixNano": "1793696400000000000", "body": {"stringValue": "alone"}}
    other = ln.read(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [line]}]}]}).encode())
    report = ln.Report("two").add(logs.between("+1m", "+62s").volume(), other.volume())
    bundle = ln.open_bundle(report.save(tmp_path / "two.zip"))
    assert [len(some) for some in bundle.all_logs] == [len(logs.between("+1m", "+62s")) + logs.pins.height, 1]
    assert bundle.all_logs[1].volume().origin.code.endswith(".all_logs[1].volume()")
    assert [b.origin.logs.engine for b in bundle.report.blocks] == [some.engine for some in bundle.all_logs]
    words = ln.open_bundle(ln.Report("words").add("*only*").save(tmp_path / "words.zip"))
    assert words.report.blocks[0].text == "*only*"
    with pytest.raises(LognbError, match="holds no records"):
        _ = words.logs


def test_a_bundle_given_to_read_says_how_it_is_opened(saved: Saved) -> None:
    with pytest.raises(SourceError, match=r"incident bundle.*ln\.open_bundle"):
        ln.read(saved.path)


def test_no_line_of_otlp_is_longer_than_a_collector_reads(tmp_path: Path) -> None:
    bodies = ["x" * size for size in (10, 300_000, 400_000, 500_000, 1_200_000, 5)]
    lines = [{"timeUnixNano": str(1793696400000000000 + i), "body": {"stringValue": b}} for i, b in enumerate(bodies)]
    logs = ln.read(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": lines}]}]}).encode())
    written = logs.write_jsonl(tmp_path / "x.jsonl").read_bytes().splitlines()
    assert [len(line) > otlp_write.MOST for line in written].count(True) == 1
    assert ln.read(tmp_path / "x.jsonl").to_polars(["body"])["body"].to_list() == bodies


_bound = st.none() | st.integers(0, 20)


@given(st.lists(st.tuples(_bound, _bound).filter(lambda w: w[0] is None or w[1] is None or w[0] < w[1]), max_size=6))
def test_united_windows_hold_the_same_moments(windows: list[Window]) -> None:
    def holds(windows: list[Window], at: float) -> bool:
        return any((s is None or s <= at) and (u is None or at < u) for s, u in windows)

    made = united(windows)
    assert all(holds(made, at) == holds(windows, at) for at in (i / 2 for i in range(-2, 44)))
    ends = [bound for window in made for bound in window]
    assert all(bound is not None for bound in ends[1:-1])
    assert all(a < b for a, b in pairwise(ends[1:-1]))  # they neither meet nor overlap
