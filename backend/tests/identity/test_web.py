"""Forms as pages of providers have them."""

from tests.identity.web import read_page


def test_a_login_form_is_read_with_what_it_hides_and_its_button() -> None:
    (form,), text = read_page("""
        <style>p { color: red }</style><h1>Sign in</h1><p role=alert>Wrong  name</p>
        <form action="/go?a=1&amp;b=2" method="post">
          <input name="user"><input type="password" name="secret" value="kept out">
          <input type="hidden" name="token" value="t&quot;"><input type="checkbox" name="remember">
          <button name="do" value="yes">Yes</button><button name="do" value="no">No</button>
        </form><script>alert("<form>")</script>""")
    assert form.action == "/go?a=1&b=2"
    assert form.fields == {"token": 't"', "do": "yes"}
    assert form.filled("alice", "word") == {"user": "alice", "secret": "word"}
    assert text == "Sign in | Wrong name | Yes | No"


def test_a_button_may_stand_outside_of_its_form() -> None:
    (form,), _ = read_page('<form id="f" action="/x"></form><button form="f" name="logout" value="yes">Yes</button>')
    assert form.fields == {"logout": "yes"}
    assert form.filled("alice", "word") == {}
