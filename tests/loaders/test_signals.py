"""Which signal is it: bytes of another signal or schema are never a success with zero records."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from making import be32, check, load, request, spans, varint
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

FORMS = {"bare": b"".join, "be32": be32, "varint": varint}


def traces(n: int = 2) -> bytes:
    out = ExportTraceServiceRequest()
    of_resource = out.resource_spans.add()
    of_resource.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value="shop")))
    of_scope = of_resource.scope_spans.add()
    for i in range(n):
        span = of_scope.spans.add(
            trace_id=bytes([1] * 16), span_id=bytes([i + 1] * 8), name="GET /", kind=2,
            start_time_unix_nano=10**18, end_time_unix_nano=10**18 + 5,
        )  # fmt: skip
        span.events.add(time_unix_nano=10**18, name="x")
    return out.SerializeToString()


def metrics() -> bytes:
    out = ExportMetricsServiceRequest()
    of_scope = out.resource_metrics.add().scope_metrics.add()
    gauge = of_scope.metrics.add(name="cpu", unit="1", description="use").gauge
    gauge.data_points.add(time_unix_nano=10**18, as_double=0.5)
    of_scope.metrics.add(name="n").sum.data_points.add(time_unix_nano=10**18, as_int=5)
    return out.SerializeToString()


def schema(spec: dict[str, str]) -> Any:
    """Message classes of a schema made here: {"Message": "name number type, …"}, * for repeated."""
    kinds = descriptor_pb2.FieldDescriptorProto
    name = "other_" + "_".join(spec).lower()
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=name, syntax="proto3")
    for message, fields in spec.items():
        made = file.message_type.add(name=message)
        for part in fields.split(", "):
            field, number, kind = part.split()
            added = made.field.add(name=field, number=int(number), label=3 if kind.endswith("*") else 1)
            base = kind.rstrip("*")
            if base in spec:
                added.type, added.type_name = kinds.TYPE_MESSAGE, f".{name}.{base}"
            else:
                added.type = getattr(kinds, f"TYPE_{base.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindFileByName(file.name).message_types_by_name
    return {n: message_factory.GetMessageClass(found[n]) for n in spec}


def people() -> bytes:
    """An address book: text in field 1, ids and more people in it."""
    made = schema({"Book": "people 1 Person*", "Person": "name 1 string, email 2 string, id 3 int32, phones 4 string*"})
    book = made["Book"]()
    for i in range(5):
        book.people.add(name=f"Ada {i}", email=f"ada{i}@example.org", id=i, phones=["+1 555 0100"])
    return bytes(book.SerializeToString())


def files() -> bytes:
    """A descriptor set, which is what every .pb of a schema is: it nests as a request does."""
    out = descriptor_pb2.FileDescriptorSet()
    descriptor_pb2.DESCRIPTOR.CopyToProto(out.file.add())
    return out.SerializeToString()


def lookalike() -> bytes:
    """Three levels of messages as in OTLP, items whose fields have other types."""
    made = schema({
        "Shop": "stores 1 Store*", "Store": "address 1 Address, shelves 2 Shelf*", "Address": "street 1 string",
        "Shelf": "label 1 Address, items 2 Item*",
        "Item": "price 1 double, name 2 string, tags 6 string*, stock 11 string",
    })  # fmt: skip
    shop = made["Shop"]()
    for _ in range(3):
        item = shop.stores.add(address=made["Address"](street="High St")).shelves.add().items.add()
        item.price, item.name, item.stock = 9.5, "tea", "many"
        item.tags.extend(["a", "b"])
    return bytes(shop.SerializeToString())


def events() -> bytes:
    """Like logs down to the field numbers, but what should be an AnyValue is text."""
    made = schema({
        "All": "groups 1 Group*", "Group": "head 1 Head, parts 2 Part*", "Head": "name 1 string",
        "Part": "head 1 Head, events 2 Event*",
        "Event": "at 1 fixed64, level 2 int32, word 3 string, text 5 string",
    })  # fmt: skip
    out = made["All"]()
    for i in range(3):
        out.groups.add().parts.add().events.add(at=i + 1, level=9, word="info", text="plain text, no value")
    return bytes(out.SerializeToString())


OTHERS = {"people": people, "files": files, "lookalike": lookalike, "events": events}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", OTHERS)
def test_another_schema_is_no_success(name: str, form: str) -> None:
    data = FORMS[form]([OTHERS[name]()] * 3)
    frame, report = load(data)
    (file,) = report.files
    assert len(frame) == 0
    assert file.rejected
    assert file.rejected_bytes == len(data)
    assert "nothing loaded" in file.outcome
    assert all(r.reason for r in file.rejections)
    check(data, frame, report)


@pytest.mark.parametrize("form", FORMS)
def test_traces_are_spans_not_empty_logs(form: str) -> None:
    data = FORMS[form]([traces(), traces()])
    frame, report = load(data)
    (file,) = report.files
    assert (file.records, file.spans, file.signals, file.rejected) == (0, 4, ["traces"], 0)
    assert spans(data)["name"].to_list() == ["GET /"] * 4
    assert "4 spans" in file.outcome
    check(data, frame, report)


@pytest.mark.parametrize("form", FORMS)
def test_metrics_are_counted_not_loaded(form: str) -> None:
    data = FORMS[form]([metrics(), metrics()])
    frame, report = load(data)
    (file,) = report.files
    assert (file.records, file.spans, file.metrics, file.signals, file.rejected) == (0, 0, 4, ["metrics"], 0)
    assert "4 metrics skipped" in file.outcome
    check(data, frame, report)


@pytest.mark.parametrize("form", FORMS)
def test_signals_mixed_in_one_file(form: str) -> None:
    data = FORMS[form]([traces(), request(3).SerializeToString(), metrics(), request(2, 7).SerializeToString()])
    frame, report = load(data)
    (file,) = report.files
    assert (file.records, file.spans, file.metrics) == (5, 2, 2)
    assert file.signals == ["logs", "metrics", "traces"]
    check(data, frame, report)


@pytest.mark.parametrize("name", OTHERS)
def test_another_schema_between_ours_costs_itself(name: str) -> None:
    other = OTHERS[name]()
    for form in (be32, varint):
        data = form([request(3).SerializeToString(), other, request(2, 7).SerializeToString()])
        frame, report = load(data)
        assert len(frame) == 5, str(report)
        assert sum(r.length for r in report.files[0].rejections) >= len(other)
        check(data, frame, report)


def test_a_request_without_records_says_so() -> None:
    """Zero records, nothing rejected: not a success either."""
    empty = request(0)
    empty.resource_logs[0].scope_logs.add().scope.name = "s"
    for data in (empty.SerializeToString(), be32([empty.SerializeToString()] * 3), be32([b"", b""])):
        frame, report = load(data)
        assert not len(frame)
        assert "nothing loaded" in report.files[0].outcome
        check(data, frame, report)


def test_records_of_the_barest_kind_are_records() -> None:
    """No time, no body, no ids: only a severity, or an attribute."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    out = ExportLogsServiceRequest()
    scope = out.resource_logs.add().scope_logs.add()
    scope.log_records.add(severity_number=9)
    scope.log_records.add(attributes=[KeyValue(key="a", value=AnyValue(int_value=1))])
    scope.log_records.add(body=AnyValue(string_value="x"))
    scope.log_records.add()
    for data in (out.SerializeToString(), be32([out.SerializeToString()]), varint([out.SerializeToString()])):
        frame, report = load(data)
        assert len(frame) == 4, str(report)
        check(data, frame, report)


def test_the_report_says_what_was_decided() -> None:
    for data, words in (
        (b"".join([traces()]), "traces"),
        (be32([request(1).SerializeToString()]), "logs"),
        (metrics(), "metrics"),
    ):
        assert words in load(data)[1].files[0].why
