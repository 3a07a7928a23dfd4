"""The kinds of what is hidden, and how tokens of vendors look, after their published formats: data, no code that runs.

A vendor is a row of VENDORS: its pattern, beginning with what no other text begins with. `<` stands in a pattern for
"no letter or digit before"; a group named `v` is the secret where the rest says whose it is.
"""

from __future__ import annotations

import re
from typing import Final

# fmt: off
VENDORS: Final[tuple[tuple[str, str], ...]] = (
    ("aws", r"(?:A3T[A-Z0-9]|AKIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("aws", r"ABSK[A-Za-z0-9+/]{80,}={0,2}"),
    ("gcp", r"AIza[\w-]{35}"),
    ("gcp", r"ya29\.[\w.-]{20,}"),
    ("gcp", r"GOCSPX-[\w-]{28}"),
    ("gcp", r"1//0[\w-]{40,}"),
    ("azure", r"[\w~.]{3}\dQ~[\w~.-]{31,34}"),
    ("azure", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
    ("azure", r"AccountKey=(?P<v>[A-Za-z0-9+/]{40,}={0,2})"),
    ("github", r"gh[pousr]_[A-Za-z0-9]{36,}"),
    ("github", r"github_pat_\w{60,}"),
    ("gitlab", r"(?:glpat|gldt|glrt|glptt|glcbt|gloas|glft|glsoat|glagent|glimt|glffct)-[\w.-]{20,}"),
    ("gitlab", r"GR1348941[\w-]{20}"),
    ("slack", r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}"),
    ("slack", r"xapp-\d-[A-Za-z0-9-]{10,}"),
    ("slack", r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<v>[\w/-]{20,})"),
    ("stripe", r"(?:sk|rk|pk|ek)_(?:live|test|prod)_[A-Za-z0-9]{10,}"),
    ("stripe", r"whsec_[A-Za-z0-9+/]{24,}={0,2}"),
    ("sendgrid", r"SG\.[\w-]{16,32}\.[\w-]{16,64}"),
    ("sendinblue", r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    ("twilio", r"(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("npm", r"npm_[A-Za-z0-9]{36}"),
    ("pypi", r"pypi-[\w-]{50,}"),
    ("anthropic", r"sk-ant-[\w-]{40,}"),
    ("openai", r"sk-(?:proj-|svcacct-|admin-|None-)?[\w-]{20,}"),
    ("digitalocean", r"do[opr]_v1_[0-9a-f]{64}"),
    ("datadog", r"pub[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("datadog", r"dd(?:app|api|p)_[A-Za-z0-9]{34,}"),
    ("newrelic", r"NR(?:AK|AA|RA|JS|II|IQ|SP)-[\w-]{19,}"),
    ("newrelic", r"[0-9a-f]{36}(?:NRAL|FFFF)(?![A-Za-z0-9])"),
    ("posthog", r"ph[a-z]_[A-Za-z0-9]{30,}"),
    ("sentry", r"sntry[su]_[\w+/=-]{40,}"),
    ("mailgun", r"(?:pub)?key-[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("mailgun", r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![A-Za-z0-9-])"),
    ("mailchimp", r"[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9])"),
    ("heroku", r"HRKU-[\w-]{30,}"),
    ("shopify", r"shp(?:at|ca|pa|ss|ua|tka)_[0-9a-fA-F]{32}"),
    ("square", r"sq0(?:atp|csp|idp|acp)-[\w-]{22,50}"),
    ("square", r"EAAA[\w-]{60}(?![\w-])"),
    ("telegram", r"\d{8,10}:A[\w-]{34}(?![\w-])"),
    ("discord", r"[MNO][\w-]{23,28}\.[\w-]{6}\.[\w-]{27,40}"),
    ("discord", r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(?P<v>\d{15,21}/[\w-]{40,})"),
    ("vault", r"hv[sbr]\.[\w-]{24,}"),
    ("terraform", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}"),
    ("databricks", r"dapi[0-9a-f]{32}(?:-\d)?"),
    ("grafana", r"gl(?:sa|c)_[\w+/=]{32,}"),
    ("huggingface", r"(?:hf|api_org)_[A-Za-z]{34}"),
    ("docker", r"dckr_(?:pat|oat)_[\w-]{24,}"),
    ("atlassian", r"AT(?:ATT|CTT|BB)[A-Za-z0-9][\w=-]{20,}"),
    ("linear", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    ("notion", r"ntn_[A-Za-z0-9]{40,}"),
    ("postman", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    ("pulumi", r"pul-[0-9a-f]{40}"),
    ("planetscale", r"pscale_(?:tkn|pw|oauth)_[\w=.-]{32,}"),
    ("doppler", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}"),
    ("rubygems", r"rubygems_[0-9a-f]{48}"),
    ("dynatrace", r"dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("fly", r"(?:fo1_|fm[12][ar]?_)[\w+/=-]{40,}"),
    ("supabase", r"sb(?:p|_secret|_publishable)_[\w-]{20,}"),
    ("airtable", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    ("sonarqube", r"sq[pua]_[0-9a-f]{40}"),
    ("cloudflare", r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}"),
    ("groq", r"gsk_[A-Za-z0-9]{40,}"),
    ("replicate", r"r8_[\w-]{37,}"),
    ("perplexity", r"pplx-[A-Za-z0-9]{40,}"),
    ("xai", r"xai-[A-Za-z0-9]{60,}"),
    ("easypost", r"EZ[AT]K[A-Za-z0-9]{54}"),
    ("braintree", r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    ("age", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    ("paypal", r"A21AA[\w-]{80,}"),
    ("facebook", r"EAA[A-Za-z0-9]{90,}"),
    ("1password", r"ops_eyJ[A-Za-z0-9+/]{100,}={0,3}"),
    ("1password", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    ("adobe", r"p8e-[A-Za-z0-9]{32}"),
    ("alibaba", r"LTAI[A-Za-z0-9]{20}"),
    ("artifactory", r"(?:AKCp[A-Za-z0-9]{69}|cmVmd[A-Za-z0-9]{59})"),
    ("clickhouse", r"4b1d[A-Za-z0-9]{38}(?![A-Za-z0-9])"),
    ("clojars", r"(?:CLOJARS|clojars)_[A-Za-z0-9]{60}"),
    ("duffel", r"duffel_(?:test|live)_[\w=-]{43}"),
    ("flutterwave", r"FLW(?:SECK|PUBK)(?:_TEST)?-[A-Za-z0-9]{12,}"),
    ("frameio", r"fio-u-[\w=-]{64}"),
    ("harness", r"[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"),
    ("infracost", r"ico-[A-Za-z0-9]{32}"),
    ("mapbox", r"[ps]k\.eyJ[\w-]{40,}\.[\w-]{20,}"),
    ("maxmind", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    ("openshift", r"sha256~[\w-]{43}"),
    ("prefect", r"pn[ub]_[A-Za-z0-9]{36}"),
    ("readme", r"rdme_[a-z0-9]{70}"),
    ("shippo", r"shippo_(?:live|test)_[0-9a-f]{40}"),
    ("sourcegraph", r"sgp_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}"),
    ("typeform", r"tfp_[\w.=-]{59}"),
    ("yandex", r"(?:AQVN[\w-]{35,38}|t1\.[\w-]{10,}={0,2}\.[\w-]{86}={0,2})"),
    ("jwt", r"eyJ[\w-]{8,}\.(?:eyJ)?[\w-]{8,}\.[\w-]*(?:\.[\w-]*){0,2}"),
)

HINT: Final = (  # what each of them has, in few states: a text is looked through for it at the speed of reading
    r"A3T|A[A-Z]{3}[A-Z0-9]{8}|ABSK|AIza|ya29|GOCSPX|1//0|Q~|AZDO|AccountKey|gh[pousr]_|github_pat|gl[a-z]{2,6}-|"
    r"GR13489|xox|xapp|hooks.slack|[srpe]k_(?:live|test|prod)|whsec|SG\.|xkeysib|(?:SK|AC)[0-9a-f]{8}|npm_|pypi-|"
    r"sk-[A-Za-z0-9_-]{8}|do[opr]_v1|pub[0-9a-f]{8}|dd(?:app|api|p)_|NR[A-Z]{2}-|[0-9a-f]NRAL|[0-9a-f]FFFF|"
    r"ph[a-z]_[A-Za-z0-9]{9}|sntry|key-[0-9a-f]{8}|[0-9a-f]{9}-[0-9a-f]{8}-[0-9a-f]{8}|[0-9a-f]-us[0-9]|HRKU|"
    r"shp[a-z]{2,3}_|sq0|EAA[A-Za-z]|[0-9]:A[A-Za-z0-9_-]{9}|\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{9}|webhooks/|hv[sbr]\.|"
    r"atlasv1|dapi[0-9a-f]|gl(?:sa|c)_|hf_|api_org|dckr|AT(?:ATT|CTT|BB)|lin_|ntn_|PMAK|pul-|pscale|"
    r"dp\.(?:pt|st|ct|sa|scim|audit)\.|rubygems|dt0c01|fo1_|fm[12]|sbp_|sb_|pat[A-Za-z0-9]{9}|sq[pua]_|v1\.0-|gsk_|r8_|"
    r"pplx|xai-|EZ[AT]K|access_token\$|AGE-SECRET|A21AA|eyJ"
)
# fmt: on

OTHERS: Final = (
    "email", "ip", "bearer", "basic", "authorization", "cookie", "secret", "url", "private key", "card", "iban",
    "phone", "user", "name", "person", "typed",
)  # fmt: skip
ALL: Final = (*dict.fromkeys(kind for kind, _ in VENDORS), *OTHERS)
ON_REQUEST: Final = ("local ip", "screen text")
"""Off unless named: 127.0.0.1, 0.0.0.0 and ::1; every text that a recording shows, as a shape."""

WORDS: Final[dict[str, str]] = {
    "email": "e-mail addresses", "ip": "IP addresses", "bearer": "bearer tokens", "basic": "basic credentials",
    "authorization": "Authorization headers", "cookie": "cookies", "secret": "secrets by the name of their key",
    "url": "credentials and secrets in URLs", "private key": "private keys", "card": "card numbers", "iban": "IBANs",
    "phone": "phone numbers", "user": "user ids", "name": "names of people", "person": "personal data by key",
    "typed": "typed into a page", "jwt": "JSON web tokens", "local ip": "local addresses",
    "screen text": "text of a page",
}  # fmt: skip


def vendor_pattern(kinds: frozenset[str]) -> tuple[re.Pattern[str] | None, tuple[str, ...]]:
    """One pattern for the vendors among some kinds, and the kind of each of its branches, by number of group."""
    rows = [(kind, pattern) for kind, pattern in VENDORS if kind in kinds]
    if not rows:
        return None, ()
    branches = []
    for i, (_, pattern) in enumerate(rows):
        branches.append(f"(?P<k{i}>{pattern.replace('(?P<v>', f'(?P<v{i}>')})")
    return re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(branches) + ")", re.ASCII), tuple(kind for kind, _ in rows)
