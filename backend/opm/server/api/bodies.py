"""What people may send, chosen by hand: an example for each body of a request, by the name of its schema."""

from typing import Any

SOME_ID = "0198c0de-0000-7000-8000-000000000001"

BODIES: dict[str, Any] = {
    "Bulk": {"ids": [SOME_ID], "action": "move", "status": "human_review"},
    "ChangeTerminal": {"rows": 40, "cols": 120},
    "CloneAgain": {"ref": "main", "token": "a new token"},
    "Feedback": {"message": "Use the colours of the style guide."},
    "Launch": {"token": "the part after the # of the address"},
    "MakeDirectory": {"path": "src/forms"},
    "MoveTask": {"status": "human_review", "after": SOME_ID},
    "NewConfig": {
        "provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "api_key": "the key of the provider",
        "permissions": {"bash": "ask"},
        "temperature": 0.2,
    },
    "NewProject": {"name": "Web shop", "description": "Orders and stock", "sample": False},
    "NewTask": {"title": "Add a contact form", "description": "With name, address and message; send by e-mail."},
    "NewTemplate": {"name": "Bug", "title": "Fix: ", "description": "Steps to see it:"},
    "NewToken": {"name": "nightly report", "scope": "read", "days": 90},
    "NewTerminal": {"title": "build", "rows": 30, "cols": 100},
    "OidcCallback": {"code": "what the provider gave", "state": "what it was given", "iss": "https://id.example.org"},
    "OidcLogin": {"next": "/p/web-shop"},
    "PermissionAnswer": {"reply": "reject", "message": "Leave the build folder; run the tests instead."},
    "PersonPatch": {"disabled": True},
    "PreferencesPatch": {"theme": "dark", "notifications": {"sound": True}},
    "ProjectPatch": {"name": "Web shop", "max_concurrent_runs": 2},
    "QuestionAnswer": {"answers": [["Green"]]},
    "Rename": {"path": "src/form.py", "to": "src/forms/contact.py"},
    "Rerun": {"config": "active"},
    "TaskPatch": {"title": "Add a contact form with a captcha"},
    "TemplatePatch": {"title": "Fix: "},
    "WriteFile": {"path": "src/app.py", "content": "print('tea')\n", "base_etag": '"1a2b-c-3d4e"'},
}
