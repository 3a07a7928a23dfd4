"""What the name of a key, a column, a header or a parameter says of its value: a secret, a person, or nothing.

Names are compared as words: "X-Api-Key", "apiKey", "http.request.header.x_api_key" and "api_key" are one name. What
only looks like such a name is none: "max_tokens", "token_count", "user_agent", "session_id", "password_length".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from lognb.schema import USER_KEYS


class Meaning(NamedTuple):
    """`kind` is what the value is (lognb.redaction.kinds). `weak`: only if the value looks the part, since the name has
    other uses ("pass", "auth", "pin"). `inside`: what an object below the key holds is one too, whatever its own keys.
    """

    kind: str
    weak: bool = False
    inside: bool = False


# The end of a name, in words; the longest come first as far as one ends in another.
_SECRETS: Final = """
password passwd passwort passphrase passcode pwd secret secret_key secretkey client_secret api_key apikey app_key appkey
application_key access_key accesskey access_key_id secret_access_key private_key privatekey signing_key encryption_key
master_key account_key accountkey shared_access_key shared_key auth_key license_key token jwt credential credentials
authtoken accesstoken refreshtoken idtoken sessiontoken csrftoken xsrftoken csrf_middleware_token csrfmiddlewaretoken
token_secret secret_token phpsessid jsessionid aspsessionid connect_sid asp_net_session_id csrf xsrf otp totp mfa_code
verification_code security_code cvv cvc cvv2 csc webhook_secret client_key x_amz_security_token
password_hash passwordhash password_digest recovery_code backup_code seed_phrase mnemonic
"""
_WEAK: Final = "pass auth pin sig signature hmac webhook webhook_url"
_AUTHORIZATION: Final = "authorization proxy_authorization x_authorization"
_COOKIES: Final = "cookie cookies set_cookie"
_USERS: Final = """
user username user_name usr login user_login user_id userid user_ids distinct_id distinct_ids anon_distinct_id person_id
enduser_id user_uuid user_email account_email other_user users
"""
_NAMES: Final = """
full_name fullname first_name firstname last_name lastname given_name family_name surname user_display_name
customer_name person_name cardholder cardholder_name card_holder member_name patient_name employee_name contact_name
recipient_name sender_name user_nickname
"""
_PERSONS: Final = (
    "ssn social_security_number national_id passport passport_number date_of_birth dob birth_date birthdate"
)
_CARDS: Final = "card_number cardnumber credit_card creditcard credit_card_number cc_number pan"
_PHONES: Final = "phone mobile telephone phone_number phonenumber mobile_number msisdn tel fax"
_EMAILS: Final = "email e_mail email_address mail"
_IBANS: Final = "iban bank_account account_iban"

# Of a parameter of a URL these are secrets too, if long enough: signatures of links, codes of OAuth, keys of Google.
_PARAMETERS: Final = re.compile(r"(?:^|_)(?:sig|signature|key|code|hmac|credential|auth|ticket|assertion)$")

_ENDS: Final[tuple[tuple[str, Meaning], ...]] = (
    (_AUTHORIZATION, Meaning("authorization")),
    (_COOKIES, Meaning("cookie", inside=True)),
    (_SECRETS, Meaning("secret", inside=True)),
    (_CARDS, Meaning("card")),
    (_PHONES, Meaning("phone")),
    (_EMAILS, Meaning("email")),
    (_IBANS, Meaning("iban")),
    (_NAMES, Meaning("name")),
    (_PERSONS, Meaning("person")),
    (_USERS, Meaning("user")),
    (_WEAK, Meaning("secret", weak=True)),
)
_WHOLE: Final = {"user", "usr", "login", "users", "mail", "tel", "fax", "pass", "auth", "pin", "sig"}
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPLIT: Final = re.compile(r"[^A-Za-z0-9]+")
_MOST: Final = 100  # characters of a name; what is longer names nothing

# Columns whose values are ids or positions that correlation lives from, or words of a fixed list.
ORDINARY: Final = frozenset((
    "record_id", "trace_id", "span_id", "parent_span_id", "session_id", "session", "trace_session", "severity",
    "severity_text", "digest", "body_type", "kind", "status_code", "joined_by", "window_ids", "windowId",
))  # fmt: skip
_VERSIONS: Final = re.compile(r"(?:^|_)(?:version|versions|release|build|revision|user_agent|user_agent_original|oid)$")


def words(name: str) -> str:
    """A name as words in lower case.

    >>> words("X-Api-Key"), words("userId"), words("$anon_distinct_id"), words("http.request.header.cookie")
    ('x_api_key', 'user_id', 'anon_distinct_id', 'http_request_header_cookie')
    """
    return _SPLIT.sub("_", _CAMEL.sub("_", name)).strip("_").lower()


def _table() -> tuple[dict[str, Meaning], int]:
    known: dict[str, Meaning] = {}
    for names, meaning in _ENDS:
        for name in names.split():
            known.setdefault(name, meaning)
    for key in USER_KEYS:
        known.setdefault(words(key), Meaning("user"))
    return known, max(name.count("_") + 1 for name in known)


_KNOWN, _LONGEST = _table()


@lru_cache(maxsize=50_000)
def meaning(name: str, outer: str = "") -> Meaning | None:
    """What a value under this key is; `outer` is the key of the object that it stands in.

    >>> meaning("db.password"), meaning("max_tokens"), meaning("name", "user")
    (Meaning(kind='secret', weak=False, inside=True), None, Meaning(kind='name', weak=False, inside=False))
    """
    if len(name) > _MOST or name in ORDINARY:
        return None
    parts = words(name).split("_")
    for n in range(min(len(parts), _LONGEST), 0, -1):
        end = "_".join(parts[-n:])
        if end in _KNOWN and (end not in _WHOLE or n == len(parts) or (n == 1 and parts[-2] in _OWNERS)):
            return _named(parts) if _KNOWN[end].kind == "user" and parts[-1] == "name" else _KNOWN[end]
    if outer and parts[-1] in ("name", "id") and len(parts) == 1 and words(outer).split("_")[-1] in _PEOPLE:
        return Meaning("name" if parts[-1] == "name" else "user")
    if _SECRET_WORDS.intersection(parts) and parts[-1] not in _ABOUT:
        return Meaning("secret", weak=True)
    return None


# "github_token_2", "secret_for_mail": a name with such a word in it, unless it ends in what one says about a secret.
_SECRET_WORDS: Final = frozenset(
    ("secret", "token", "password", "passwd", "pwd", "credential", "credentials", "apikey")
)
_ABOUT: Final = frozenset((
    "count", "counts", "length", "size", "type", "types", "kind", "expiry", "expires", "expired", "expiration", "ttl",
    "url", "uri", "endpoint", "id", "ids", "name", "names", "file", "path", "at", "age", "limit", "usage", "used",
    "status", "policy", "policies", "version", "arn", "field", "index", "position", "issuer", "store", "provider",
    "manager", "service", "error", "bucket", "rate", "time", "date", "reset", "valid", "required", "enabled", "present",
    "user", "class", "total",
))  # fmt: skip
# Before a word of _WHOLE: "db.user", "smtp_pass", "http.auth"; "test_pass" and "level_pass" name no secret.
_OWNERS: Final = frozenset((
    "db", "database", "smtp", "http", "ftp", "ldap", "mysql", "postgres", "pg", "redis", "proxy", "basic", "x",
    "remote",
    "ssh", "admin",
))  # fmt: skip
_PEOPLE: Final = frozenset((
    "user", "customer", "person", "enduser", "member", "patient", "employee", "author", "actor", "recipient", "sender",
))  # fmt: skip


def _named(parts: list[str]) -> Meaning:
    """user.name is a name or an account; either way it is who."""
    return Meaning("name" if "".join(parts[-2:]) == "username" and len(parts) > 1 else "user")


@lru_cache(maxsize=10_000)
def parameter(name: str) -> bool:
    """Is it a parameter of a URL whose value, if it is long, is a secret?"""
    return len(name) <= _MOST and _PARAMETERS.search(words(name)) is not None


def counts(name: str) -> bool:
    """Is a number under this name one of how many? Frames of lognb say `users`."""
    return words(name[:_MOST]).endswith(("users", "cookies", "user_ids", "credentials"))


@lru_cache(maxsize=10_000)
def version(name: str) -> bool:
    """Is what stands under this name a version, so that 1.2.3.4 is no address?"""
    return _VERSIONS.search(words(name[:_MOST])) is not None


# What must be in a text for a pair in it to mean anything; looked for before pairs are.
HINTS: Final = (
    r"(?i)pass|pwd|secret|token|api.?key|app.?key|access.?key|private.?key|ing_key|master.?key|account.?key|shared|"
    r"auth|license|jwt|credential|sessid|sessionid|connect.sid|csrf|xsrf|otp|mfa|(?:verification|security|recovery|"
    r"backup).?code|cvv|cvc|csc|dsn|webhook|client.?key|seed.phrase|mnemonic|cookie|user|usr|login|distinct|person|"
    r"(?:full|first|last|given|family|customer|member|patient|employee|contact|recipient|sender).?name|surname|"
    r"card|ssn|social.security|national.id|passport|birth|dob|phone|mobile|msisdn|"
    r"(?:^|[^a-z])(?:tel|fax|pan|pin|sig)[^a-z]|e.?mail|iban|"
    r"bank.account|cc.?number|identified|signature|hmac|[?&](?:key|code|ticket|assertion)="
)
