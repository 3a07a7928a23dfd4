"""Secrets of many kinds, after the published formats of vendors, and records to plant them in. None is real: all are
drawn from a seed and put together here, so that no scanner of repositories finds any in this file.
"""
# ruff: noqa: E501 (a record is one line, as it is in a log)

from __future__ import annotations

import base64
import json
import random
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AN: Final = string.ascii_letters + string.digits
HEX: Final = "0123456789abcdef"
B32: Final = string.ascii_uppercase + "234567"
URLSAFE: Final = AN + "-_"
WORDS: Final = (
    "order", "cart", "checkout", "payment", "stock", "price", "worker", "queue", "retry", "invoice", "parcel", "label",
    "basket", "search", "teapot", "whisk",
)  # fmt: skip
NAMES: Final = (
    "Amelie", "Bertram", "Cosima", "Dagny", "Emeric", "Fiorella", "Gudrun", "Hjalmar", "Isolde", "Jocasta", "Kasimir",
)  # fmt: skip
FAMILIES: Final = (
    "Achterberg", "Brinkmeyer", "Castellan", "Dombrowski", "Eschenbach", "Fitzwarren", "Grabowski", "Hollanders",
)  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """A secret: its kind, itself, and the text it is recognised in ("{}": by itself alone)."""

    kind: str
    value: str
    shown: str = "{}"

    def text(self) -> str:
        return self.shown.replace("{}", self.value)


class Draw(random.Random):
    def some(self, of: str, n: int) -> str:
        return "".join(self.choice(of) for _ in range(n))

    def mixed(self, n: int) -> str:
        """Letters of both cases and digits, as keys have them."""
        return self.some(string.ascii_lowercase, 1) + self.some(AN, n - 3) + self.some(string.digits, 1) + "Q"


def luhn(body: str) -> str:
    total = sum(sum(divmod(2 * int(c), 10)) if i % 2 == 0 else int(c) for i, c in enumerate(reversed(body)))
    return body + str(-total % 10)


def _card(r: Draw) -> str:
    start, n = r.choice([("4", 16), ("51", 16), ("55", 16), ("2720", 16), ("37", 15), ("6011", 16), ("3530", 16)])
    return luhn(start + r.some(string.digits, n - len(start) - 1))


def _spaced_card(r: Draw) -> str:
    number = luhn("4" + r.some(string.digits, 14))
    sign = r.choice(" -")
    return sign.join(number[i : i + 4] for i in range(0, 16, 4))


def _iban(r: Draw) -> str:
    country, body = r.choice([
        ("DE", r.some(string.digits, 18)), ("NL", "ABNA" + r.some(string.digits, 10)),
        ("GB", "WEST" + r.some(string.digits, 14)), ("AT", r.some(string.digits, 16)),
    ])  # fmt: skip
    number = "".join(str(int(c, 36)) for c in body + country + "00")
    return f"{country}{98 - int(number) % 97:02d}{body}"


def _phone(r: Draw) -> str:
    return r.choice([
        f"+1 212 555 0{r.randint(100, 199)}", f"+1-{r.choice(['415', '646', '312'])}-555-0{r.randint(100, 199)}",
        f"+44 20 7946 0{r.randint(100, 999)}", f"+49 30 {r.randint(2000000, 9999999)}",
        f"({r.choice(['212', '415', '503'])}) 555-0{r.randint(100, 199)}", f"+33 1 99 00 {r.randint(10, 99)} {r.randint(10, 99)}",
    ])  # fmt: skip


def _ip4(r: Draw) -> str:
    first = r.choice([10, 172, 192, 203, 81, 145])
    return f"{first}.{r.randint(16, 250)}.{r.randint(1, 254)}.{r.randint(1, 254)}"


def _ip6(r: Draw) -> str:
    return r.choice([
        f"2001:db8:{r.some(HEX, 3)}:{r.randint(1, 9)}::{r.randint(1, 9)}{r.some(HEX, 2)}",
        "fe80::" + ":".join(r.some("123456789abcdef", 4) for _ in range(4)),
        "2a02:" + ":".join(r.some("123456789abcdef", 3) for _ in range(7)),
    ])  # fmt: skip


def _jwt(r: Draw) -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()).decode().rstrip("=")
    body = base64.urlsafe_b64encode(json.dumps({"sub": r.some(AN, 9)}).encode()).decode().rstrip("=")
    return f"{head}.{body}.{r.some(URLSAFE, 43)}"


def _pem(r: Draw) -> str:
    return "\n".join(r.some(AN + "+/", 64) for _ in range(4))


def _basic(r: Draw) -> str:
    return base64.b64encode(f"{r.choice(NAMES).lower()}:{r.mixed(11)}".encode()).decode()


def _email(r: Draw) -> str:
    return f"{r.choice(NAMES).lower()}{r.choice('._-+')}{r.choice(FAMILIES).lower()}{r.randint(1, 999)}@{r.choice(WORDS)}.example"


KINDS: Final[dict[str, Callable[[Draw], Planted]]] = {
    "email": lambda r: Planted("email", _email(r)),
    "ipv4": lambda r: Planted("ip", _ip4(r)),
    "ipv6": lambda r: Planted("ip", _ip6(r)),
    "bearer": lambda r: Planted("bearer", r.mixed(32), r.choice(["Bearer {}", "bearer {}"])),
    "basic": lambda r: Planted("basic", _basic(r), "Authorization: Basic {}"),
    "jwt": lambda r: Planted("jwt", _jwt(r)),
    "aws": lambda r: Planted("aws", r.choice(["AKIA", "ASIA"]) + r.some(B32, 16)),
    "aws secret": lambda r: Planted("secret", r.mixed(40), "aws_secret_access_key={}"),
    "gcp": lambda r: Planted("gcp", "AI" + "za" + r.some(URLSAFE, 34) + "x"),
    "azure": lambda r: Planted(
        "azure", r.some(AN + "+/", 86) + "==", "AccountName=shop;AccountKey={};EndpointSuffix=core"
    ),
    "github": lambda r: Planted("github", r.choice(["ghp", "gho", "ghs"]) + "_" + r.some(AN, 36)),
    "github fine": lambda r: Planted("github", "github" + "_pat_" + r.some(AN, 22) + "_" + r.some(AN, 59)),
    "gitlab": lambda r: Planted("gitlab", "gl" + "pat-" + r.mixed(20)),
    "slack": lambda r: Planted(
        "slack", "xo" + "x" + r.choice("bp") + f"-{r.randint(10**11, 10**12)}-" + r.some(AN, 24)
    ),
    "slack hook": lambda r: Planted(
        "slack", f"T{r.some(B32, 8)}/B{r.some(B32, 8)}/{r.mixed(24)}", "https://hooks.slack.com/services/{}"
    ),
    "stripe": lambda r: Planted("stripe", r.choice(["sk", "rk"]) + r.choice(["_live_", "_test_"]) + r.mixed(24)),
    "sendgrid": lambda r: Planted("sendgrid", "S" + "G." + r.some(URLSAFE, 22) + "." + r.some(URLSAFE, 43)),
    "twilio": lambda r: Planted("twilio", "S" + "K" + r.some(HEX, 32)),
    "npm": lambda r: Planted("npm", "npm" + "_" + r.some(AN, 36)),
    "pypi": lambda r: Planted("pypi", "pypi" + "-AgEIcHlwaS5vcmc" + r.some(URLSAFE, 70)),
    "openai": lambda r: Planted("openai", "sk-" + "proj-" + r.mixed(48)),
    "anthropic": lambda r: Planted("anthropic", "sk-" + "ant-api03-" + r.some(URLSAFE, 93) + "AA"),
    "digitalocean": lambda r: Planted("digitalocean", "dop" + "_v1_" + r.some(HEX, 64)),
    "datadog": lambda r: Planted("secret", r.some(HEX, 32), r.choice(["DD_API_KEY={}", "dd-api-key: {}"])),
    "newrelic": lambda r: Planted("newrelic", "NR" + "AK-" + r.some(string.ascii_uppercase + string.digits, 27)),
    "posthog": lambda r: Planted("posthog", "ph" + r.choice("cx") + "_" + r.some(AN, 43)),
    "sentry dsn": lambda r: Planted("url", r.some(HEX, 32), "https://{}@o4501.ingest.sentry.example/4507"),
    "mailgun": lambda r: Planted("mailgun", "key" + "-" + r.some(HEX, 32)),
    "heroku": lambda r: Planted(
        "secret",
        f"{r.some(HEX, 8)}-{r.some(HEX, 4)}-4{r.some(HEX, 3)}-a{r.some(HEX, 3)}-{r.some(HEX, 12)}",
        "HEROKU_API_KEY={}",
    ),
    "shopify": lambda r: Planted("shopify", "shp" + "at_" + r.some(HEX, 32)),
    "square": lambda r: Planted("square", "sq0" + "atp-" + r.some(URLSAFE, 22)),
    "telegram": lambda r: Planted("telegram", f"{r.randint(10**8, 10**10)}:AA" + r.some(AN, 33)),
    "discord": lambda r: Planted("discord", "M" + r.some(AN, 23) + "." + r.some(AN, 6) + "." + r.some(AN, 27)),
    "vault": lambda r: Planted("vault", "hv" + "s." + r.some(URLSAFE, 24)),
    "huggingface": lambda r: Planted("huggingface", "hf" + "_" + r.some(string.ascii_letters, 34)),
    "private key": lambda r: Planted(
        "private key", _pem(r), "-----BEGIN RSA PRIVATE " + "KEY-----\n{}\n-----END RSA PRIVATE " + "KEY-----"
    ),
    "card": lambda r: Planted("card", _card(r)),
    "card spaced": lambda r: Planted("card", _spaced_card(r)),
    "iban": lambda r: Planted("iban", _iban(r)),
    "phone": lambda r: Planted("phone", _phone(r)),
    "password": lambda r: Planted(
        "secret",
        r.mixed(r.randint(8, 20)),
        r.choice(["password={}", '"password": "{}"', "db.password={}", "PASSWD='{}'"]),
    ),
    "password odd": lambda r: Planted(
        "secret", r.mixed(6) + r.some("!#$^*~", 2) + r.mixed(4), r.choice(['"password": "{}"', "pwd='{}'"])
    ),
    "api key": lambda r: Planted(
        "secret", r.mixed(28), r.choice(["api_key={}", '"apiKey": "{}"', "X-Api-Key: {}", "client_secret={}"])
    ),
    "cookie": lambda r: Planted(
        "cookie", r.mixed(26), r.choice(["Cookie: sid={}; theme=dark", "Set-Cookie: session={}; Path=/; HttpOnly"])
    ),
    "session token": lambda r: Planted(
        "secret", r.mixed(30), r.choice(["session_token={}", "JSESSIONID={}", '"refresh_token":"{}"'])
    ),
    "url login": lambda r: Planted("url", r.mixed(14), "postgres://shopper:{}@db-1.internal:5432/shop"),
    "url secret": lambda r: Planted(
        "url",
        r.mixed(24),
        r.choice(
            [
                "https://shop.example/cb?code={}&state=x",
                "https://s3.example/a?X-Amz-Signature={}&x=1",
                "/reset?token={}",
            ]
        ),
    ),
    "user id": lambda r: Planted(
        "user",
        f"u-{r.randint(100, 99999)}{r.choice('abc')}",
        r.choice(["user_id={}", '"user.id":"{}"', "distinct_id={}"]),
    ),
    "name": lambda r: Planted(
        "name",
        f"{r.choice(NAMES)} {r.choice(FAMILIES)} {r.choice(FAMILIES)}-{r.randint(1, 999)}",
        r.choice(['"user.name":"{}"', '"full_name": "{}"']),
    ),
}


def ids(r: Draw) -> dict[str, str]:
    """Ordinary values that look like much and are nothing."""
    uuid = f"{r.some(HEX, 8)}-{r.some(HEX, 4)}-7{r.some(HEX, 3)}-8{r.some(HEX, 3)}-{r.some(HEX, 12)}"
    return {
        "trace_id": r.some(HEX, 32), "span_id": r.some(HEX, 16), "request_id": uuid, "commit": r.some(HEX, 40),
        "short": r.some(HEX, 7), "version": f"{r.randint(1, 9)}.{r.randint(0, 30)}.{r.randint(0, 30)}",
        "build": f"{r.randint(1, 9)}.{r.randint(0, 30)}.{r.randint(1000, 9000)}.{r.randint(1, 99)}",
        "time": f"2026-11-{r.randint(10, 28)}T0{r.randint(0, 9)}:{r.randint(10, 59)}:{r.randint(10, 59)}.{r.randint(100, 999)}Z",
        "ns": str(17 * 10**17 + r.randint(0, 10**17)), "ms": str(1_795_000_000_000 + r.randint(0, 10**9)),
        "took": f"{r.random() * 900:.6f}", "bytes": str(r.randint(1, 10**9)), "status": r.choice(["200", "404", "503"]),
        "path": f"/srv/{r.choice(WORDS)}/{r.choice(WORDS)}.py", "host": f"node-{r.choice('abc')}.{r.choice(WORDS)}.internal",
        "pod": f"{r.choice(WORDS)}-{r.some(HEX, 9)}-{r.some(string.ascii_lowercase, 5)}", "order": str(r.randint(10**5, 10**7)),
        "etag": f'W/"{r.some(HEX, 8)}"', "digest": "sha256:" + r.some(HEX, 64), "word": r.choice(WORDS),
        "b64": base64.b64encode(r.randbytes(18)).decode(), "mac": ":".join(r.some(HEX, 2) for _ in range(6)),
        "id19": str(r.randint(10**18, 9 * 10**18)), "line": str(r.randint(1, 900)), "class": f"com.shop.{r.choice(WORDS)}.Main",
    }  # fmt: skip


ORDINARY: Final = (
    '{time} INFO [{host}] {word} done in {took} ms trace_id={trace_id} span_id={span_id}',
    'GET /api/{word}/{order}?page=2&sort=price {status} {bytes} "-" "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0 Safari/537.36"',
    '{{"level":"info","time":{ms},"msg":"{word} {order} begun","request_id":"{request_id}","took":{took},"tokens":{line}}}',
    'release {version} build {build} commit {commit} ({short}) on {pod}',
    '  File "{path}", line {line}, in handle\n    at {class}(Main.java:{line})',
    'SELECT id, total FROM orders WHERE id = {order} AND token_count > {line} -- {took} ms',
    'pulled image registry.example/shop/{word}@{digest} etag {etag} at {time}',
    'session_id={request_id} max_tokens=4096 key={word} user_agent=curl/8.5.0 offset={id19} pass={line} auth=ok',
    'mac {mac} thumb {b64} ts {ns} listening on 127.0.0.1:8080 and 0.0.0.0:443',
    'password: incorrect; token: expired; authentication failed for {word}; bearer token missing; secret not found in {path}',
    'std::vector<int>::at and Foo::Bar::baz at 12:30:45, {time} cost 1,234.50 EUR, 10-20 {word} {order}',
    'level=warn code={status} signature=none csrf=false cookie=absent user=root retries={line} driver version 4.2.1.7',
)  # fmt: skip


def ordinary(n: int, seed: int = 7) -> Iterator[tuple[str, list[str]]]:
    """Texts that hold nothing to hide, and the values that stand in each and must stay."""
    r = Draw(seed)
    for i in range(n):
        values = ids(r)
        form = ORDINARY[i % len(ORDINARY)]
        yield form.format(**values), [v for k, v in values.items() if "{" + k + "}" in form]


def planted(n: int, seed: int = 3) -> list[Planted]:
    """`n` distinct secrets, of all kinds in turn."""
    r = Draw(seed)
    out: dict[str, Planted] = {}
    makes = list(KINDS.values())
    while len(out) < n:
        one = makes[len(out) % len(makes)](r)
        out.setdefault(one.value, one)
    return list(out.values())


def settings(r: Draw, one: Planted) -> Iterator[tuple[str, str]]:
    """Records that a secret may stand in: the name of the place, and its text."""
    text, v = one.text(), ids(r)
    inner = json.dumps({"msg": f"{v['word']} {text}", "order": int(v["order"]), "took": 1.5})
    yield "line", f"{v['time']} WARN [{v['host']}] {v['word']}: {text} ({v['trace_id']})"
    yield "json", inner
    yield "json in json", json.dumps({"log": inner, "stream": "stdout", "time": v["time"]})
    yield "json in a line", f"{v['time']} request body {json.dumps(inner)} took {v['took']}"
    yield (
        "stack",
        f'Traceback (most recent call last):\n  File "{v["path"]}", line {v["line"]}\nValueError: bad call: {text}',
    )
    if one.shown == "{}":
        yield (
            "access log",
            f'{v["host"]} - - [{v["time"]}] "GET /api/{v["word"]}?q={quote(one.value, safe="")}&x=1 HTTP/1.1" 200 5',
        )
        yield "sql", f"INSERT INTO calls (id, what) VALUES ({v['order']}, '{one.value}')"
        yield "attribute", json.dumps({"http.route": "/x", "note": one.value, "n": 3})
        yield "key=value", f"level=info what={one.value} took={v['took']}ms"


def events(secrets: list[Planted], typed: list[str]) -> list[dict[str, Any]]:
    """A recording that shows secrets in texts, attributes, addresses, console and requests, and what was typed."""
    nodes: list[dict[str, Any]] = [
        {
            "type": 2,
            "id": 100 + i,
            "tagName": "input",
            "attributes": {"type": "text", "name": "full_name"},
            "childNodes": [],
        }
        for i in range(len(typed))
    ]
    nodes += [
        {"type": 2, "id": 1000 + i, "tagName": "p", "attributes": {"title": s.text(), "class": "row"},
         "childNodes": [{"type": 3, "id": 5000 + i, "textContent": f"Your data: {s.text()}"}]}
        for i, s in enumerate(secrets)
    ]  # fmt: skip
    tree = {
        "type": 0,
        "id": 1,
        "childNodes": [{"type": 2, "id": 2, "tagName": "body", "attributes": {}, "childNodes": nodes}],
    }
    out: list[dict[str, Any]] = [
        {"type": 4, "timestamp": 1, "data": {"href": "https://shop.example/?email=" + quote("a.b1@cart.example"), "width": 9, "height": 9}},
        {"type": 2, "timestamp": 2, "data": {"node": tree, "initialOffset": {"left": 0, "top": 0}}},
    ]  # fmt: skip
    out += [
        {"type": 3, "timestamp": 3, "data": {"source": 5, "id": 100 + i, "text": t, "isChecked": False}}
        for i, t in enumerate(typed)
    ]
    out += [{"type": 3, "timestamp": 4, "data": {"source": 0, "texts": [{"id": 5000, "value": f"now {t}"}], "attributes": [], "removes": [], "adds": []}} for t in typed]  # fmt: skip
    for s in secrets[::3]:
        out.append({"type": 6, "timestamp": 5, "data": {"plugin": "rrweb/console@1", "payload": {"level": "info", "payload": [json.dumps(s.text())], "trace": []}}})  # fmt: skip
        out.append({"type": 5, "timestamp": 6, "data": {"tag": "note", "payload": {"what": s.text()}}})
    return out
