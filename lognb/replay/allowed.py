"""What a rebuilt page may consist of: elements, attributes and data addresses that are known to be harmless.

Lists of what is allowed, not of what is forbidden: a browser that learns a new element or attribute which loads
something does not open a hole here. Names are lower case; a name with a hyphen is harmless as such (no attribute that
loads anything has one, but for those in HYPHENED, and an element with one is a custom element, which is never defined).
"""

from __future__ import annotations

import re
from typing import Final

_HTML: Final = """
a abbr acronym address area article aside audio b basefont bdi bdo big blink blockquote body br button canvas caption
center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em fieldset figcaption figure font
footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html i img input ins kbd label legend li link listing main map mark
marquee menu meta meter nav nobr noembed noframes noscript ol optgroup option output p picture plaintext pre progress q
rb rp rt rtc ruby s samp search section select selectedcontent slot small source span strike strong style sub summary
sup table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp
"""
_SVG: Final = """
altglyph altglyphdef altglyphitem animate animatecolor animatemotion animatetransform circle clippath defs desc ellipse
feblend fecolormatrix fecomponenttransfer fecomposite feconvolvematrix fediffuselighting fedisplacementmap
fedistantlight fedropshadow feflood fefunca fefuncb fefuncg fefuncr fegaussianblur feimage femerge femergenode
femorphology feoffset fepointlight fespecularlighting fespotlight fetile feturbulence filter foreignobject g glyphref
image line lineargradient marker mask metadata mpath path pattern polygon polyline radialgradient rect set stop svg
switch symbol text textpath tref tspan use view
"""
_MATH: Final = """
annotation maction math menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot
mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics
"""
ELEMENTS: Final = frozenset(f"{_HTML} {_SVG} {_MATH}".split())

HIDDEN: Final = frozenset(("script", "base", "handler", "listener", "param"))
"""Elements that show nothing: an empty, hidden element keeps their place."""

FRAMES: Final = frozenset(
    ("iframe", "frame", "frameset", "object", "embed", "applet", "portal", "fencedframe", "webview")
)
"""Elements that hold another document: an empty box of their size keeps their place."""

CUSTOM_ELEMENT: Final = re.compile(r"[a-z][a-z0-9._]*-[a-z0-9._-]*\Z")
RESERVED: Final = ("annotation-xml", "color-profile", "font-face", "missing-glyph")  # with a hyphen, but not custom

_HOSTS: Final = """
article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span
"""
HOSTS: Final = frozenset(_HOSTS.split())
"""Elements, beside custom ones, that can have a shadow root."""

# Values of these are text for a person or a name: never read as an address or as CSS.
_WORDS: Final = """
abbr accept alt charset class content for headers id itemprop itemscope itemtype label lang list media pattern
placeholder property role scope sizes summary systemlanguage title type typeof value xml:lang xml:space xmlns
xmlns:xlink
"""
WORDS: Final = frozenset(_WORDS.split())

# Values of these are harmless but for CSS that loads (`fill="url(http://…)"`), which is looked for in each.
_PLAIN: Final = """
accent accentunder accept-charset accesskey accumulate additive align alignment-baseline alink amplitude as ascent
async attributetype autocapitalize autocomplete autocorrect autoplay axis azimuth basefrequency begin bgcolor bias
border bordercolor by calcmode cellpadding cellspacing char charoff checked clear clip clippathunits color cols
colspan columnalign columnlines columnspacing columnspan compact contenteditable controls coords crossorigin cursor cx
cy d datetime decoding default defer depth diffuseconstant dir direction dirname disabled display displaystyle divisor
draggable dur dx dy edgemode elevation end enterkeyhint exponent exportparts face fence fill filter filterunits font
fontstyle form fr frame frameborder framespacing from fx fy g1 g2 gradienttransform gradientunits height hidden high
hreflang hspace in in2 inert inputmode integrity intercept ismap k k1 k2 k3 k4 kernelmatrix kernelunitlength kerning
keypoints keysplines keytimes kind language largeop lengthadjust limitingconeangle linethickness link loading local
loop low lspace marginheight marginwidth markerheight markerunits markerwidth mask maskcontentunits maskunits
mathbackground mathcolor mathsize mathvariant max maxlength maxsize method min minlength minsize mode movablelimits
multiple muted nohref nonce noresize noshade notation novalidate nowrap numalign numoctaves offset opacity open
operator optimum order orient orientation origin overflow part path pathlength patterncontentunits patterntransform
patternunits playsinline points pointsatx pointsaty pointsatz popover prefix preservealpha preserveaspectratio
primitiveunits r radius readonly refx refy repeatcount repeatdur required restart result reversed rotate rowalign
rowlines rows rowspacing rowspan rspace rules rx ry scale scheme scriptlevel scrolling seed selected separator shape
size slot slope spacing span specularconstant specularexponent spellcheck spreadmethod start startoffset stddeviation
step stitchtiles stretchy stroke surfacescale symmetric tabindex tablevalues targetx targety text textlength to
transform translate u1 u2 unicode valign values valuetype version viewbox visibility vlink voffset vspace width wrap x
x1 x2 xchannelselector xlink:title y y1 y2 ychannelselector z zoomandpan
"""
PLAIN: Final = frozenset(_PLAIN.split())

HYPHENED: Final = frozenset(("http-equiv",))

# What SVG's animations may change; `href`, `style`, `class` and event handlers are not among it.
_ANIMATED: Final = """
cx cy d display dx dy fill fill-opacity fx fy gradientTransform height offset opacity patternTransform points r rx ry
stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-opacity stroke-width transform viewBox
visibility width x x1 x2 y y1 y2
"""
ANIMATED: Final = frozenset(_ANIMATED.split())

# What rrweb's player does itself with attributes of these names, and what a value has to be.
RR_NUMBERS: Final = frozenset(
    ("rr_scrollLeft", "rr_scrollTop", "rr_mediaCurrentTime", "rr_mediaPlaybackRate", "rr_mediaVolume")
)
RR_FLAGS: Final = frozenset(("rr_mediaMuted", "rr_mediaLoop"))
RR_WORDS: Final = {
    "rr_mediaState": re.compile("played|paused"),
    "rr_open_mode": re.compile("modal|non-modal"),
    "rr_width": re.compile(r"[0-9.]{1,20}(px|%|em|rem|vw|vh)?"),
    "rr_height": re.compile(r"[0-9.]{1,20}(px|%|em|rem|vw|vh)?"),
}

_RASTER: Final = r"(?:a?png|jpe?g|gif|webp|avif|bmp|x-ms-bmp|x-icon|vnd\.microsoft\.icon)"
_FONT: Final = r"(?:font/[a-z0-9.+-]+|application/(?:x-)?font-[a-z0-9.+-]+|application/vnd\.ms-fontobject)"
DATA_RASTER: Final = re.compile(rf"data:image/{_RASTER}[;,]", re.ASCII | re.IGNORECASE)
DATA_MEDIA: Final = re.compile(
    rf"data:(?:image/(?:{_RASTER}|svg\+xml)|(?:audio|video)/[a-z0-9.+-]+)[;,]", re.ASCII | re.IGNORECASE
)
DATA_STYLE: Final = re.compile(rf"data:(?:image/{_RASTER}|{_FONT})[;,]", re.ASCII | re.IGNORECASE)
DATA_SVG: Final = re.compile(r"data:image/svg\+xml[;,]", re.ASCII | re.IGNORECASE)
REMOTE: Final = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
