"""Which frames are of the application: what is not of the language, its library, a package or a browser's extension."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lognb.stacks.model import Frame

_PYTHON: Final = re.compile(
    r"site-packages/|dist-packages/|(?:^|/)lib/python\d|(?:^|/)python\d[\d.]*/(?:lib/|site)|(?:^|/)Python\d+/Lib/|\.egg/"
    r"|^<(?:frozen|string|stdin|__array|attrs|template)|(?:^|/)\.pyenv/versions/[^/]+/lib/|/runpy\.py$|(?:^|/)s?bin/[^/]+$"
)
_JAVASCRIPT: Final = re.compile(
    r"(?:^|/)node_modules/|^node:|^internal/|^native$|^<anonymous>$|^\[native code\]$|^index \d+$"
    r"|^(?:chrome|moz|safari(?:-web)?)-extension:|webpack/(?:bootstrap|runtime)|(?:^|/)webpack-runtime"
    r"|(?:^|/)\.(?:yarn|pnpm)/|zone(?:-evergreen)?\.js$"
    r"|(?:^|/)(?:vendors?|polyfills?|framework|react(?:-dom)?|vue|angular|jquery|lodash|preact|svelte|runtime)"
    r"(?:[.~-][\w.~-]*)?\.m?js(?:$|\?)"
)
_JAVA: Final = (
    "java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "groovy.", "clojure.",
    "android.", "androidx.", "com.android.", "dalvik.", "org.springframework.", "org.apache.", "org.hibernate.",
    "org.eclipse.", "org.jboss.", "org.junit.", "org.codehaus.", "org.aspectj.", "org.slf4j.", "org.postgresql.",
    "org.mongodb.", "org.gradle.", "org.glassfish.", "org.thymeleaf.", "io.netty.", "io.undertow.", "io.micronaut.",
    "io.quarkus.", "io.vertx.", "io.grpc.", "io.opentelemetry.", "io.micrometer.", "io.reactivex.", "io.lettuce.",
    "io.ktor.", "reactor.", "akka.", "okhttp3.", "okio.", "retrofit2.", "ch.qos.logback.", "com.google.common.",
    "com.google.inject.", "com.google.gson.", "com.fasterxml.", "com.zaxxer.", "com.mysql.", "com.mongodb.", "feign.",
    "net.bytebuddy.", "net.sf.cglib.", "redis.clients.", "com.intellij.", "worker.org.gradle.", "com.amazonaws.",
    "software.amazon.awssdk.", "brave.", "zipkin2.", "com.netflix.", "rx.", "org.reactivestreams.",
)  # fmt: skip
_NET: Final = (
    "System.", "Microsoft.", "Npgsql.", "Newtonsoft.", "MongoDB.", "StackExchange.", "Dapper.", "AutoMapper.",
    "MediatR.", "Polly.", "Serilog.", "Grpc.", "OpenTelemetry.", "Azure.", "Amazon.", "MySql.", "MySqlConnector.",
    "Oracle.", "RabbitMQ.", "MassTransit.", "Autofac.", "Castle.", "Hangfire.", "FluentValidation.", "NUnit.", "Xunit.",
)  # fmt: skip
_GO_FILE: Final = re.compile(
    r"/pkg/mod/|/vendor/|^_cgo|/go/src/(?:runtime|net|internal|sync|os|io|testing|reflect|encoding)/"
    r"|^/usr/local/go/|/go\d[\d.]*/src/|/golang\.org/toolchain|^runtime/|/libexec/src/"
)
_GO_PACKAGE: Final = re.compile(r"([^/(]+)/|([^./(]+)\.")


def in_app(frame: Frame) -> bool:
    """What the source said of the frame, else what its file and its package say."""
    test = _BY_LANGUAGE.get(frame.language)
    if frame.in_app is not None:
        # SDKs of browsers say so of every frame, what extensions and browsers run included.
        return frame.in_app and not (frame.language == "javascript" and _JAVASCRIPT.search(_slashed(frame.file)))
    return test(frame) if test else True


def _slashed(file: str) -> str:
    return file.replace("\\", "/")


def _python(frame: Frame) -> bool:
    return bool(frame.file) and not _PYTHON.search(_slashed(frame.file))


def _javascript(frame: Frame) -> bool:
    return bool(frame.file) and not _JAVASCRIPT.search(_slashed(frame.file))


def _java(frame: Frame) -> bool:
    return not frame.function.startswith(_JAVA)


def _go(frame: Frame) -> bool:
    if _GO_FILE.search(_slashed(frame.file)):
        return False
    found = _GO_PACKAGE.match(frame.function)
    if found is None:
        return False  # panic(…)
    # Packages of the standard library have no dot in the first part of their path; "main" is the program.
    return found[2] == "main" if found[1] is None else "." in found[1] or not _STANDARD.match(frame.function)


def _dotnet(frame: Frame) -> bool:
    return not frame.function.startswith(_NET)


_STANDARD: Final = re.compile(
    r"(?:archive|bufio|bytes|cmp|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar|flag|fmt|"
    r"go|hash|html|image|index|internal|io|iter|log|maps|math|mime|net|os|path|plugin|reflect|regexp|runtime|slices|sort|"
    r"strconv|strings|sync|syscall|testing|text|time|unicode|unique|unsafe|vendor)[/.]"
)
_BY_LANGUAGE: Final = {
    "python": _python, "javascript": _javascript, "java": _java, "go": _go, "dotnet": _dotnet,
}  # fmt: skip
