"""02_incidents from start to end by papermill: a real log, a real database, the verdict in the report and in the index."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mendbook.audits.results import read_result
from mendbook.runs import run

SCHEMA = """
CREATE TABLE auth_user (id int PRIMARY KEY, username text, email text, date_joined timestamptz);
CREATE TABLE staff (id int PRIMARY KEY, user_id int, created_at timestamptz, department text);
INSERT INTO auth_user SELECT n, 'user' || n, 'user' || n || '@example.com', timestamptz '2026-09-01Z' + n * interval '1 hour'
  FROM generate_series(1, 40) n;
INSERT INTO staff SELECT n, n, timestamptz '2026-09-01Z' + n * interval '1 hour', 'd' FROM generate_series(1, 40) n;
INSERT INTO staff SELECT 100 + n, n, timestamptz '2026-09-01Z' + n * interval '1 hour' + interval '3 ms', ''
  FROM generate_series(1, 5) n;
"""
CONFIG = """
[sources.shop]
url_env = "SHOP_URL"
logs = ["*.log"]
zone = "Europe/Berlin"
[sources.shop.users]
table = "auth_user"
username = "username"
email = "email"
created = "date_joined"
[[sources.shop.profiles]]
name = "staff"
table = "staff"
created = "created_at"
filled = ["department"]
defaults = { department = "" }
"""
START = datetime(2026, 10, 1, tzinfo=UTC)


def write_log(path: Path) -> None:
    """Three refused rows a day for ten days, then ten days in which the server only says that it is there."""
    lines = []
    for hour in range(0, 20 * 24, 8):
        at = f"{START + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}.000 UTC [{400 + hour}]"
        lines.append(f"{at} LOG:  checkpoint complete")
        if hour < 240:
            key = f"user{hour % 40 + 1}@example.com"
            lines.append(f'{at} ERROR:  duplicate key value violates unique constraint "auth_user_email_key"')
            lines.append(f"{at} DETAIL:  Key (email)=({key}) already exists.")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def record(tmp_path, database, monkeypatch):
    database.execute(SCHEMA)
    (tmp_path / "mendbook.toml").write_text(CONFIG)
    write_log(tmp_path / "postgresql.log")
    monkeypatch.setenv("SHOP_URL", database.url)
    deploys = ["2026-10-11T02:00=v2"]  # 00:00 UTC: Berlin has summer time
    return run("incidents", "shop", {"deploys": deploys}, config=tmp_path / "mendbook.toml", outputs=tmp_path / "outputs")


def test_it_ends_with_a_verdict_everywhere(record):
    assert record.error is None
    assert (record.state, record.exit_code, record.notes) == ("finished", 0, ())
    folder = Path(record.folder)
    result = read_result(folder)
    assert result["verdict"].startswith("No incident in 10 days, since 'v2'; before it 3 a day;")
    assert result["still_bleeding"] is False
    (deploy,) = result["deploys"]
    assert (deploy["before"]["incidents"], deploy["after"]["incidents"]) == (30, 0)
    report = (folder / "report.html").read_text("utf-8")
    assert report.count("<figure>") == 9
    assert "Still bleeding? No." in report
    assert "2026-10-11 02:00" in report
    index = (folder.parent.parent / "index.html").read_text("utf-8")
    assert "No incident in 10 days" in index
    executed = (folder / "incidents.ipynb").read_text("utf-8")
    for published in (report, executed, index):
        assert "@example.com" not in published
        assert "user1" not in published
