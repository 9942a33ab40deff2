"""The sample project: a few files, and cards that show every side of the board with the demo model."""

_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Tea timer</title>
    <link rel="stylesheet" href="style.css">
  </head>
  <body>
    <h1>Tea timer</h1>
    <p>Nothing to time yet.</p>
    <script src="timer.js"></script>
  </body>
</html>
"""

FILES: dict[str, str] = {
    "README.md": "# Tea timer\n\nA small web page that tells when the tea is ready. It is yours to play with.\n",
    "index.html": _PAGE,
    "style.css": "body {\n  font-family: system-ui, sans-serif;\n  margin: 4rem auto;\n  max-width: 40rem;\n}\n",
}

CARDS: tuple[tuple[str, str], ...] = (
    (
        "Write the timer",
        """\
Press **Execute**: the agent writes `timer.js` and says what it did. The lines below are the script that the demo
model follows; a real model needs only the first sentence of a card like this.

demo: think The page loads timer.js, which is not there yet. I write it and then check the folder.
demo: say I write the countdown first.
demo: write timer.js const minutes = 3;\\nconst end = Date.now() + minutes * 60_000;\\nsetInterval(() => {\\n  \
const left = Math.max(0, Math.round((end - Date.now()) / 1000));\\n  document.querySelector("p").textContent = \
left ? `${left} s to go` : "Your tea is ready.";\\n}, 1000);
demo: next
demo: say Now I look at what is in the folder.
demo: run ls -la
demo: next
demo: say The timer counts three minutes down and then says that the tea is ready. Open **Files** to read \
`timer.js`, or send feedback here and I go on.
""",
    ),
    (
        "Check the page, if you may",
        """\
The agent wants to run a command, and commands must be allowed by you. Allow it once, always, or refuse it with a
reason.

demo: say I count the lines of every file. For that I need your permission to run a command.
demo: run wc -l README.md index.html style.css
demo: next
demo: say Counted. With "always" I would not have to ask again for this kind of command.
""",
    ),
    (
        "Choose the colours",
        """\
The agent asks you a question and waits for your answer.

demo: say Before I touch the style sheet I need to know what you like.
demo: ask Which colours shall the page have? | Green like tea | Dark as the night | Plain paper
demo: next
demo: write style.css body {\\n  background: #f3f7ee;\\n  color: #24361c;\\n  font-family: system-ui, sans-serif;\
\\n  margin: 4rem auto;\\n  max-width: 40rem;\\n}
demo: next
demo: say Thank you. A script cannot really choose, so I took the green of tea.
""",
    ),
    (
        "Survive a hiccup",
        """\
The provider fails once with a server error; the agent tries again by itself, and you see that it does.

demo: fail 503 1
demo: say The first attempt failed, the second came through. Nothing for you to do.
""",
    ),
    (
        "Fail, and be sent back",
        """\
The provider refuses. The card lands in *Human review* with the reason; send any feedback, and the demo model goes
on in the same conversation and notes it in `demo-notes.md`.

demo: error 400 The demo model refuses this one on purpose.
""",
    ),
)
